"""Things in front of the face: hands, cards, cups, microphones, strands."""
import cv2
import numpy as np

from .drawing import SHIFT, blend, empty, fixed, line, noise, polygon


def sample_occluder(rng: np.random.Generator, image: np.ndarray,
                    box: np.ndarray, skin: np.ndarray,
                    level: np.ndarray) -> np.ndarray:
    """Draw one random occluder over the face, in place.

    Args:
        rng (np.random.Generator): Source of all choices.
        image (np.ndarray): (H, W, 3) float32.
        box (np.ndarray): (4,) x1, y1, x2, y2 of the landmarks, px.
        skin (np.ndarray): (3,) BGR, of hands.
        level (np.ndarray): (3,) factors of the light.

    Returns:
        np.ndarray: (H, W) uint8 mask of what is covered.
    """
    kind = rng.choice(6, p=[.32, .14, .16, .14, .10, .14])
    draw = (_hand, _card, _shape, _microphone, _cup, _strands)[kind]
    # Each draws the image and its mask, and returns where it covers.
    return draw(rng, image, empty(image), box, (box[2:] - box[:2]).max(),
                skin, level)


def _within(box, shares):
    return box[:2] + shares * (box[2:] - box[:2])


def _direction(angle):
    return np.array([np.cos(angle), np.sin(angle)])


def _hand(rng, image, mask, box, side, skin, level):
    lines = empty(image)
    tip = _within(box, rng.uniform(.1, .9, 2))
    # The arm comes from below or from a side.
    reach = _direction(rng.uniform(-.15, 1.15) * np.pi)
    aside = np.array([-reach[1], reach[0]])
    width = side * rng.uniform(.075, .095)
    palm = tip + reach * side * rng.uniform(.32, .45)
    bend = rng.uniform(-.25, .25)
    for finger, length in enumerate((.86, 1., .96, .78)):
        offset = (finger - 1.5) * width * 1.02
        spread = (finger - 1.5) * rng.uniform(.0, .12)
        start = palm + aside * offset
        direction = -reach + aside * (spread + bend)
        end = start + direction * side * .38 * length
        line(mask, [start, end], width)
        if finger:
            gap = aside * width * .51
            line(lines, [start - gap, end - gap + reach * width], 1)
    thumb = palm + aside * width * 2.0 * rng.choice([-1, 1])
    line(mask, [palm + reach * width * 2, thumb - reach * side * .1],
         width * 1.1)
    polygon(mask, [palm - aside * width * 2.0, palm + aside * width * 2.0,
                   palm + aside * width * 1.6 + reach * side * .4,
                   palm - aside * width * 1.6 + reach * side * .4])
    line(mask, [palm + reach * side * .3, palm + reach * side * 2],
         width * 3)
    tone = np.clip(skin * rng.uniform(.85, 1.1) * level, 0, 255)
    if rng.random() < .12:  # glove
        tone = rng.uniform(20, 220, 3) * level
    form = cv2.GaussianBlur(mask, (0, 0), side * .035).astype(np.float32)
    blend(image, mask, tone, shade=.62 + .42 * form / 255)
    image -= image * (cv2.bitwise_and(lines, mask)[..., None] *
                      np.float32(.35 / 255))
    return mask


def _card(rng, image, mask, box, side, skin, level):
    """A phone, book or sign."""
    center = _within(box, rng.uniform(0, 1, 2))
    size = side * rng.uniform(.25, .6), side * rng.uniform(.25, .7)
    c, s = _direction(rng.uniform(-.6, .6))
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2
    quad = corners * size @ np.array([[c, s], [-s, c]]) + center
    color = rng.uniform(10, 245, 3) * level
    blend(image, polygon(mask, quad), color)
    middle = quad.mean(0)
    inner = polygon(empty(image),
                    middle + (quad - middle) * rng.uniform(.6, .9))
    blend(image, inner, color * rng.uniform(.3, 1.5))
    return mask


def _shape(rng, image, mask, box, side, skin, level):
    """A textured polygon: leaf, cloth, flag."""
    count = rng.integers(5, 10)
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    radius = side * rng.uniform(.12, .34, count)
    center = _within(box, rng.uniform(.05, .95, 2))
    polygon(mask, center + (_direction(angles) * radius).T)
    kind = ('skin', 'cloud', 'strand')[rng.integers(3)]
    pattern = 1 + rng.uniform(.05, .4) * noise(rng, kind, len(image))
    blend(image, mask, np.clip(rng.uniform(15, 235, 3) * level, 0, 255),
          shade=pattern)
    return mask


def _microphone(rng, image, mask, box, side, skin, level):
    head = _within(box, rng.uniform([.2, .65], [.8, .95]))
    reach = _direction(rng.uniform(.2, .8) * np.pi)
    radius = side * rng.uniform(.06, .12)
    line(mask, [head, head + reach * side * 1.5], radius * 1.1)
    blend(image, mask, np.full(3, rng.uniform(15, 90)) * level)
    ball = cv2.circle(empty(image), fixed(head).tolist(),
                      int(radius * (1 << SHIFT)), 255, -1, cv2.LINE_AA, SHIFT)
    grain = 1 + .35 * noise(rng, 'grain', len(image))
    blend(image, ball, np.full(3, rng.uniform(25, 150)) * level,
          shade=grain)
    return cv2.max(mask, ball)


def _cup(rng, image, mask, box, side, skin, level):
    rim = _within(box, rng.uniform([.3, .7], [.7, .9]))
    width, height = side * rng.uniform(.16, .24), side * rng.uniform(.4, .6)
    tilt = rng.uniform(-.3, .3)
    across = _direction(tilt) * width
    down = np.array([-np.sin(tilt), np.cos(tilt)]) * height
    polygon(mask, [rim - across, rim + across, rim + across * .8 + down,
                   rim - across * .8 + down])
    ramp = np.linspace(.7, 1.1, len(image), dtype=np.float32)
    color = rng.uniform(30, 245, 3) * level
    blend(image, mask, color, shade=np.broadcast_to(ramp, mask.shape))
    lip = cv2.ellipse(empty(image), (rim.tolist(), (2 * width, .5 * width),
                                     np.degrees(tilt)), 255, -1, cv2.LINE_AA)
    blend(image, lip, color * .6)
    return cv2.max(mask, lip)


def _strands(rng, image, mask, box, side, skin, level):
    """Loose hair or a scarf's fringe hanging over the face."""
    left, top = rng.uniform(box[0], box[2]), box[1] - .3 * side
    bow = rng.uniform(-.5, .5) * side
    length = rng.uniform(.6, 1.3) * side
    steps = np.linspace(0, 1, 9)
    for _ in range(rng.integers(2, 6)):
        shift, sway = rng.normal(size=2) * side * [.05, .03]
        hanging = np.stack([
            left + shift + bow * steps**2 + sway * np.sin(steps * 5),
            top + length * steps], -1)
        line(mask, hanging, side * rng.uniform(.02, .07))
    strand = .8 + .25 * noise(rng, 'strand', len(image))
    tone = np.array([30, 45, 70]) * rng.uniform(.4, 3)
    blend(image, mask, np.clip(tone, 0, 240) * level, shade=strand)
    return mask
