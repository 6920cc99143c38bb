"""A synthetic face that OpenCV's cascade takes for a face."""
import cv2
import numpy as np

# Left, top, right and bottom of the drawn head, in shares of the side.
HEAD = np.array([0.20, 0.12, 0.80, 0.88])


def cartoon_face(size: int = 200) -> np.ndarray:
    """Frontal face in the middle of an image.

    Args:
        size (int): Side of the image, px.

    Returns:
        np.ndarray: (size, size, 3) BGR, uint8.
    """
    unit = size / 100

    def px(*values):
        return tuple(int(value * unit) for value in values)

    image = np.full((size, size), 90, np.uint8)
    cv2.ellipse(image, px(50, 50), px(30, 38), 0, 0, 360, 200, -1)
    for x in (38, 62):
        cv2.ellipse(image, px(x, 42), px(8, 4), 0, 0, 360, 60, -1)
        cv2.ellipse(image, px(x, 34), px(10, 2.5), 0, 0, 360, 90, -1)
    cv2.ellipse(image, px(50, 72), px(12, 3), 0, 0, 360, 90, -1)
    cv2.ellipse(image, px(50, 60), px(6, 2), 0, 0, 360, 150, -1)
    cv2.rectangle(image, px(47, 40), px(53, 58), 230, -1)
    image = cv2.GaussianBlur(image, (0, 0), size / 60)
    return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
