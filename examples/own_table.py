"""Explain a random forest on a table: Wisconsin's breast-cancer data.

What would the cells of a malignant sample measure for the forest to call it benign? The
page lists what changed in most samples and in each, in the columns' own units. Neither
the forest nor the flow has seen these samples.
"""

import argparse
from pathlib import Path

import joblib
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from diffeo.cli import app

COLUMNS = [
    "mean radius",
    "mean texture",
    "mean area",
    "mean smoothness",
    "mean concavity",
    "mean symmetry",
]


def command(*words: object) -> None:
    """Run a command of diffeo; at the prompt it is called by these words as well."""

    print("diffeo", *words)

    try:
        app([str(word) for word in words])
    except SystemExit as ended:
        if ended.code:
            raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("own-table"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)

    found = load_breast_cancer(as_frame=True)
    table = found.data[COLUMNS].copy()
    table["diagnosis"] = found.target_names[found.target]
    malignant = table[table.diagnosis == "malignant"]
    asked = malignant.sample(5 if options.quick else 50, random_state=0)
    asked.to_csv(out / "asked.csv", index=False)
    table.drop(asked.index).to_csv(out / "cancer.csv", index=False)

    table = pd.read_csv(out / "cancer.csv")
    forest = RandomForestClassifier(20 if options.quick else 200, random_state=0)
    forest.fit(table.drop(columns="diagnosis"), table.diagnosis)
    joblib.dump(forest, out / "forest.joblib")

    flow = out / "flow.safetensors"
    epochs = ["--epochs", 3] if options.quick else []
    command("fit", out / "cancer.csv", "--target", "diagnosis", "--out", flow, *epochs)
    model = ["--model", out / "forest.joblib", "--coordinates", flow]
    goal = ["--target", "benign", "--confidence", 0.9, "--out", out / "explained"]
    command("explain", "--data", out / "asked.csv", *model, *goal)

    after = pd.read_csv(out / "explained" / "counterfactuals.csv")
    print("The forest says of what was written:")
    print(pd.Series(forest.predict(after)).value_counts().to_string())


if __name__ == "__main__":
    main()
