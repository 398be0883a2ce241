"""torchvision's own data sets, downloaded, checked and read by torchvision."""

import pickle
import tarfile
import urllib.request
from pathlib import Path

import torch
from checks import check, raises
from torchvision import datasets, transforms


@check("CIFAR10")
def _():
    train = datasets.CIFAR10("./data", train=True, download=True, transform=transforms.ToTensor())
    test = datasets.CIFAR10("./data", train=False, download=True, transform=transforms.ToTensor())
    assert (len(train), len(test)) == (50000, 10000)
    assert train.classes[0] == "airplane" and train.class_to_idx["truck"] == 9
    assert train.data.shape == (50000, 32, 32, 3) and train.data.dtype == "uint8"
    assert torch.bincount(torch.tensor(train.targets)).tolist() == [5000] * 10
    assert abs(train.data.mean() - 120) < 10 and 40 < train.data.std() < 70
    picture, label = train[0]
    assert picture.shape == (3, 32, 32) and label == train.targets[0]
    torch.utils.data.random_split(train, [45000, 5000])


@check("CIFAR10 is found again without a download")
def _():
    assert len(datasets.CIFAR10("./data", train=True)) == 50000


@check("a damaged file is refused")
def _():
    with Path("data/cifar-10-batches-py/test_batch").open("ab") as file:
        file.write(b"more")
    with raises(RuntimeError, "not found or corrupted"):
        datasets.CIFAR10("./data", train=False)


@check("batches are pickles of Python 2")
def _():
    urllib.request.urlretrieve("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", "again.tar.gz")
    with tarfile.open("again.tar.gz") as tar:
        content = tar.extractfile("cifar-10-batches-py/data_batch_2").read()
    assert set(pickle.loads(content, encoding="bytes")) == {b"batch_label", b"labels", b"data", b"filenames"}
    assert pickle.loads(content, encoding="latin1")["batch_label"] == "training batch 2 of 5"
    with raises(UnicodeDecodeError, "ascii"):
        pickle.loads(content)


@check("CIFAR100")
def _():
    train = datasets.CIFAR100("./data", download=True)
    assert len(train) == 50000 and len(train.classes) == 100 and train.classes[-1] == "worm"
    assert len(datasets.CIFAR100("./data", train=False)) == 10000


@check("MNIST and its likes")
def _():
    for kind in (datasets.MNIST, datasets.FashionMNIST, datasets.KMNIST):
        train, test = kind("./data", download=True), kind("./data", train=False)
        assert (len(train), len(test)) == (60000, 10000), kind
        assert train.data.shape == (60000, 28, 28) and train.data.dtype == torch.uint8
        assert sorted(set(train.targets.tolist())) == list(range(10))


@check("classes can be learned")
def _():
    train = datasets.FashionMNIST("./data")
    pictures, labels = train.data[:6000].flatten(1).float() / 255, train.targets[:6000]
    model = torch.nn.Sequential(torch.nn.Linear(784, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(5):
        for start in range(0, 5000, 100):
            loss = torch.nn.functional.cross_entropy(model(pictures[start : start + 100]), labels[start : start + 100])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    right = (model(pictures[5000:]).argmax(1) == labels[5000:]).float().mean()
    assert 0.3 < right < 1, right


@check("a data set without a stand-in fails as without a network")
def _():
    with raises(urllib.error.URLError, "name resolution"):
        datasets.STL10("./data", download=True)


@check("SVHN")
def _():
    train, test = (datasets.SVHN("./data", split=split, download=True) for split in ("train", "test"))
    assert train.data.shape == (73257, 3, 32, 32) and test.data.shape == (26032, 3, 32, 32)
    assert sorted(set(test.labels.tolist())) == list(range(10))
    # A cell of the picture is one colour, whichever way its axes are turned: those of the first picture are 8 by 8.
    assert (train.data[0][:, :8, :8] == train.data[0][:, :1, :1]).all()
    assert train.data[0][0, 0, 8:16].std() == 0 and train.data[0].std() > 20
