"""Put your training here: it runs in the shell as `train`, and in the image on a cluster."""

import os


def main() -> None:
    print("training, seed", os.environ.get("SEED", "none"))


if __name__ == "__main__":
    main()
