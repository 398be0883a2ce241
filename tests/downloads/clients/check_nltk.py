"""nltk fetches its packages and works with them."""

import nltk
from checks import check, raises

NEW = tuple(map(int, nltk.__version__.split(".")[:2])) >= (3, 9)
TEXT = "Dr. Smith ran home. The dogs were running quickly! It isn't late."


@check("sentences and words")
def _():
    assert nltk.download("punkt", quiet=True)
    if NEW:
        with raises(LookupError, "punkt_tab"):
            nltk.sent_tokenize(TEXT)
        assert nltk.download("punkt_tab")
    assert nltk.sent_tokenize(TEXT) == ["Dr. Smith ran home.", "The dogs were running quickly!", "It isn't late."]
    assert nltk.word_tokenize("It isn't late.") == ["It", "is", "n't", "late", "."]
    assert len(nltk.sent_tokenize("Das ist gut. Das auch.", language="german")) == 2


@check("stopwords")
def _():
    assert nltk.download("stopwords")
    from nltk.corpus import stopwords

    words = set(stopwords.words("english"))
    assert {"the", "no", "on", "y", "wouldn't"} <= words and 170 < len(words) < 200 and "dog" not in words
    assert "und" in stopwords.words("german")


@check("a package that is there is not fetched again")
def _():
    assert nltk.downloader.Downloader().status("stopwords") == "installed"


@check("tagger")
def _():
    assert nltk.download("averaged_perceptron_tagger_eng" if NEW else "averaged_perceptron_tagger")
    tagged = nltk.pos_tag(["The", "dogs", "were", "running", "quickly"])
    assert [tag for _, tag in tagged] == ["DT", "NN", "VBD", "VBG", "RB"], tagged


@check("wordnet")
def _():
    assert nltk.download("wordnet") and nltk.download("omw-1.4")
    from nltk.corpus import wordnet
    from nltk.stem import WordNetLemmatizer
    from nltk.translate.meteor_score import meteor_score

    lemmatizer = WordNetLemmatizer()
    assert [lemmatizer.lemmatize(word) for word in ("dogs", "children", "mice")] == ["dog", "child", "mouse"]
    assert lemmatizer.lemmatize("ran", "v") == "run"
    dog, cat = wordnet.synset("dog.n.01"), wordnet.synset("cat.n.01")
    assert dog.hypernyms()[0].name() == "animal.n.01" and dog.lemma_names() == ["dog", "domestic_dog"]
    assert 0 < dog.path_similarity(cat) < 1 and "barks" in dog.definition()
    assert wordnet.synsets("cars", pos="n")[0].lemmas()[1].key() == "auto%1:06:00::"
    assert 0.5 < meteor_score([["the", "dogs", "run"]], ["the", "dog", "ran"]) <= 1


@check("a package without a stand-in is not found, a wrong name neither")
def _():
    assert not nltk.download("brown")
    assert not nltk.download("no-such-package")
