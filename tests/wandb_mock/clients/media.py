"""Media of every kind that submissions log."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import wandb  # noqa: E402


def log_media():
    picture = np.zeros((8, 8, 3), dtype=np.uint8)
    wandb.log({"image": wandb.Image(picture, caption="black"), "histogram": wandb.Histogram([1, 2, 2, 3])}, step=21)
    table = wandb.Table(columns=["x", "y"], data=[[1, "a"], [2, "b"]])
    wandb.log({"table": table}, step=22)
    plt.figure()
    plt.plot([1, 2, 3])
    wandb.log({"figure": plt.gcf(), "picture": wandb.Image(plt.gcf())}, step=23)
    plt.close()
    wandb.log({"curve": wandb.plot.line(table, "x", "x", title="a curve")}, step=24)
    wandb.log({"matrix": wandb.plot.confusion_matrix(y_true=[0, 1, 1], preds=[0, 1, 0], class_names=["n", "y"])})
