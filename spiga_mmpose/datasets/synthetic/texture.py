"""The texture of a head: skin, features, make-up, beard, hair, mask.

The texture is the unrolled head of :mod:`.shape_model` (see its ``uv``). All
regions are soft masks, drawn once a process; a face mixes colours by them.
Colours are BGR floats, 0 to 255.
"""
from dataclasses import dataclass
from functools import lru_cache
from typing import Optional

import cv2
import numpy as np

from .drawing import noise
from .shape_model import (INNER_LIP, LEFT_BROW, LEFT_EYE, OUTER_LIP,
                          RIGHT_BROW, RIGHT_EYE, shape_model)

SIZE = 128  # side of the texture, px
_SUPER = 4  # masks are drawn finer and averaged
_ZOOM, _REACH = 3.0, 0.55  # of the stretch of the middle, see to_texture


def to_texture(uv: np.ndarray) -> np.ndarray:
    """Unrolled head, [0, 1], to texture px: eyes and mouth get more room."""
    u = .5 + _REACH * np.tanh(_ZOOM * (uv[..., 0] - .5))
    return np.stack([u, uv[..., 1]], -1) * SIZE - .5


@lru_cache(maxsize=1)
def texture_grid() -> tuple:
    """(u, v): (1, SIZE) and (SIZE, 1), unrolled head around its middle."""
    axis = (np.arange(SIZE, dtype=np.float32) + .5) / SIZE - .5
    u = np.arctanh(np.clip(axis / _REACH, -.99, .99)) / _ZOOM
    return u[None], axis[:, None]


@dataclass
class Region:
    """A soft mask (h, w) float32, 0 to 1, and the window it lives in."""
    window: tuple  # of the last two axes
    mask: np.ndarray


def _region(mask, least=0.01):
    rows = np.flatnonzero(mask.max(1) > least)
    columns = np.flatnonzero(mask.max(0) > least)
    window = np.s_[..., rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    return Region(window, np.ascontiguousarray(mask[window], np.float32))


def _polygons(*polygons, blur):
    big = _bigger()
    for polygon in polygons:
        cv2.fillPoly(big, [_finer(polygon)], 255)
    return _averaged(big, blur)


def _lines(lines, width, blur):
    big = _bigger()
    cv2.polylines(big, [_finer(line) for line in lines], False, 255,
                  max(1, round(width * _SUPER)), cv2.LINE_AA)
    return _averaged(big, blur)


def _bigger():
    return np.zeros((SIZE * _SUPER, SIZE * _SUPER), np.uint8)


def _finer(points):
    return np.round((to_texture(np.asarray(points)) + .5) * _SUPER).astype(
        np.int32)


def _averaged(big, blur):
    mask = cv2.resize(big, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return _blurred(mask.astype(np.float32) / 255, blur)


def _blurred(mask, sigma):
    return cv2.GaussianBlur(mask, (0, 0), sigma) if sigma else mask


@lru_cache(maxsize=1)
def regions() -> dict:
    """All masks by name."""
    uv = shape_model().uv
    grid = np.stack(np.broadcast_arrays(*texture_grid()), -1) + .5

    def spot(at, radius_x, radius_y=None):
        distance = ((grid - at) / [radius_x, radius_y or radius_x])**2
        return np.exp(-distance.sum(-1) / 2).astype(np.float32)

    def middle(*ids):
        return uv[list(ids)].mean(0)

    def band(upper, lower):
        """Outline of what lies between two lines that run the same way."""
        return np.concatenate([upper, lower[::-1]])

    eyes = _polygons(uv[LEFT_EYE], uv[RIGHT_EYE], blur=.3)
    lips = _polygons(uv[OUTER_LIP], blur=.3)
    inner = _polygons(uv[INNER_LIP], blur=.3)
    above, below = uv[88:93], uv[[88, 95, 94, 93, 92]]  # inner borders of lips
    upper_lids = [uv[60:65], uv[68:73]]
    lower_lids = [uv[[60, 67, 66, 65, 64]], uv[[68, 75, 74, 73, 72]]]
    brows = [uv[LEFT_BROW], uv[RIGHT_BROW]]
    beard = _polygons(np.concatenate([
        uv[[3, 5, 7, 9, 11, 13, 16, 19, 21, 23, 25, 27, 29]] + [0, .05],
        uv[[82]] + [.035, .0], uv[83:88], uv[[76]] - [.035, .0]]), blur=4)
    moustache = _polygons(np.concatenate([
        uv[[76]] + [-.015, .015], uv[[55]] + [0, .022],
        uv[[57]] + [0, .012], uv[[59]] + [0, .022], uv[[82]] + [.015, .015],
        uv[81:76:-1]]), blur=1.2)
    soft = {
        'eyes': eyes,
        'lips': lips * (1 - inner),
        'upper_lip': _polygons(band(uv[76:83], above), blur=.3) * (1 - inner),
        'lip_line': _lines([above], 1.0, .5) * (1 - .7 * inner),
        'mouth': inner,
        'upper_teeth': _polygons(
            band(above, above * .5 + below * .5), blur=.4) * inner,
        'lower_teeth': _polygons(
            band(below, above * .22 + below * .78), blur=.4) * inner,
        'lash': _lines(upper_lids, 1.1, .35),
        'lower_lash': _lines(lower_lids, .8, .35) * (1 - .4 * eyes),
        'lid_shade': _lines([line + [0, .010] for line in upper_lids],
                            2.4, .8) * eyes,
        'crease': _lines([line + [0, -.016] for line in upper_lids], 1.2, .5),
        'liner': _lines(upper_lids, 2.4, .5),
        'shadow_up': _polygons(*(
            band(lid + [0, -.004], lid + [0, -.035]) for lid in upper_lids),
            blur=1.5) * (1 - eyes),
        'socket': _polygons(*(
            band(lid + [0, -.03], low + [0, .025])
            for lid, low in zip(upper_lids, lower_lids)),
            blur=3.5) * (1 - eyes),
        'brow': _polygons(*brows, blur=.7),
        'brow_thin': _polygons(
            *(b + (b.mean(0) - b) * [0, .3] for b in brows), blur=.6),
        'brow_bushy': _polygons(
            *(b + (b - b.mean(0)) * [.03, .3] for b in brows), blur=.9),
        'nostrils': spot(middle(55, 56) + [.004, -.003], .012, .0065) +
        spot(middle(58, 59) - [.004, .003], .012, .0065),
        'nose_side': spot(uv[55] + [-.014, -.012], .012, .022) +
        spot(uv[59] + [.014, -.012], .012, .022),
        'nose_under': spot(uv[57] + [0, .008], .035, .010),
        'fold': _lines([[uv[55] - [.02, .01], middle(55, 76) - [.035, 0],
                         uv[76] - [.025, -.01]],
                        [uv[59] + [.02, -.01], middle(59, 82) + [.035, 0],
                         uv[82] + [.025, .01]]], 1.5, 1.6),
        'lip_under': spot(uv[85] + [0, .018], .035, .010),
        'forehead_lines': _lines([
            [(.40, y), (.46, y - .004), (.54, y - .004), (.60, y)]
            for y in (.24, .275, .31)], .8, .6),
        'blush': spot(middle(60, 76) - [.05, .0], .05) +
        spot(middle(72, 82) + [.05, .0], .05),
        'beard': beard * (1 - _blurred(lips, .5)),
        'moustache': moustache * (1 - _blurred(lips, .4)),
        'mask': _polygons(np.concatenate([
            uv[4:29:2] + [0, .02], uv[[53]] + [.05, .02], uv[[53]],
            uv[[53]] - [.05, -.02]]), blur=.5),
        'mask_folds': _lines([[(.3, y), (.5, y + .02), (.7, y)]
                              for y in (.66, .71, .76)], .8, .5),
    }
    return {name: _region(np.clip(mask, 0, 1))
            for name, mask in soft.items()}


def mix(texture: np.ndarray, name: str, color, strength: float):
    """Blend a colour (3,) into a region of (3, SIZE, SIZE), in place."""
    region = regions()[name]
    part = texture[region.window]
    change = np.asarray(color, np.float32)[:, None, None] - part
    change *= region.mask * np.float32(strength)
    part += change


# Parts that are darker than their surroundings, drawn in one go.
_SHADES = ('socket', 'nose_side', 'nose_under', 'lip_under', 'fold',
           'forehead_lines', 'nostrils', 'upper_lip', 'lip_line',
           'lid_shade', 'crease', 'mask_folds')


@lru_cache(maxsize=1)
def _shades():
    """Window of all shades together and their (K, h, w) masks."""
    full = np.zeros((len(_SHADES), SIZE, SIZE), np.float32)
    for mask, name in zip(full, _SHADES):
        mask[regions()[name].window] = regions()[name].mask
    window = _region(full.max(0)).window
    return window, np.ascontiguousarray(full[window])


def darken(texture: np.ndarray, amounts: dict):
    """Darken regions of (3, SIZE, SIZE) by shares of 0 to 1, in place."""
    window, masks = _shades()
    total = np.zeros(masks.shape[1:], np.float32)
    for name, amount in amounts.items():
        total += np.float32(amount) * masks[_SHADES.index(name)]
    texture[window] *= 1 - np.minimum(total, .9)


@dataclass
class Painted:
    """A texture and what else the rest of the drawing needs of it.

    Attributes:
        color (np.ndarray): (3, SIZE, SIZE) float32, planes B, G, R.
        cover (np.ndarray | None): (SIZE, SIZE) 0 to 1: hair and mask, which
            hide the face below them; None where nothing does.
        hair_color (np.ndarray | None): (3,), None for a bald head.
        skin (np.ndarray): (3,).
        makeup (bool): Strong make-up.
        gloss (float): Specular strength of the skin.
    """
    color: np.ndarray
    cover: Optional[np.ndarray]
    hair_color: Optional[np.ndarray]
    skin: np.ndarray
    makeup: bool
    gloss: float


def skin_color(rng: np.random.Generator) -> np.ndarray:
    """(3,) BGR from a wide range of tones."""
    stops = np.array([[40, 58, 88], [62, 92, 140], [105, 145, 195],
                      [140, 175, 222], [172, 198, 236], [190, 208, 240]],
                     np.float32)
    at = rng.uniform(0, len(stops) - 1.001)
    low = int(at)
    color = stops[low] + (at - low) * (stops[low + 1] - stops[low])
    return np.clip(color * (1 + rng.normal(size=3) * .05), 25, 245).astype(
        np.float32)


def hair_color(rng: np.random.Generator) -> np.ndarray:
    """(3,) BGR; one in twelve is dyed."""
    if rng.random() < .08:
        return rng.uniform(40, 220, 3).astype(np.float32)
    stops = np.array([[18, 18, 22], [25, 32, 45], [35, 52, 80],
                      [45, 85, 140], [90, 150, 195], [150, 155, 160],
                      [205, 208, 210]], np.float32)
    weights = [.28, .22, .17, .09, .11, .08, .05]
    color = stops[rng.choice(len(stops), p=weights)]
    return np.clip(color * (1 + rng.normal(size=3) * .12), 8, 235).astype(
        np.float32)


def paint(rng: np.random.Generator, smile: float) -> Painted:
    """Paint a random head; ``smile``, 0 to 1, deepens its folds."""
    skin = skin_color(rng)
    hair = hair_color(rng)
    age = rng.random()
    color = np.empty((3, SIZE, SIZE), np.float32)
    blotch = noise(rng, 'skin', SIZE) * np.float32(rng.uniform(.01, .05))
    np.multiply(skin[:, None, None], 1 + blotch, out=color)
    mix(color, 'blush', (90, 90, 205), rng.uniform(0, .18))

    makeup = _make_up(rng, color, skin)
    _facial_hair(rng, color, hair, makeup)
    _mouth(rng, color)
    _eyes_and_brows(rng, color, skin, hair)
    # Shade that geometry this coarse does not give.
    darken(color, dict(
        socket=rng.uniform(.10, .35),
        nose_side=rng.uniform(.10, .30),
        nose_under=rng.uniform(.15, .35),
        lip_under=rng.uniform(.08, .28),
        fold=.06 + .25 * smile + .20 * age * rng.random(),
        forehead_lines=rng.uniform(.05, .2) * (age > .6),
        nostrils=rng.uniform(.5, .75),
        upper_lip=rng.uniform(.08, .25),
        lip_line=rng.uniform(.3, .6),
        lid_shade=rng.uniform(.15, .4),
        crease=rng.uniform(.1, .4)))
    cover, hair = _hair(rng, color, hair)
    if rng.random() < .03:
        cover = _face_mask(rng, color, cover)
    return Painted(color, cover, hair, skin, makeup, rng.uniform(0, .35))


def _make_up(rng, color, skin):
    strong = rng.random() < .18
    lip = skin * [.72, .66, .88] + rng.normal(size=3) * 8
    if strong:
        lip = np.array([[60, 30, 190], [120, 60, 215], [60, 20, 120],
                        [110, 70, 150], [70, 60, 225]])[rng.integers(5)]
        lip = lip * rng.uniform(.7, 1.1)
        shade = np.array([[150, 80, 60], [140, 60, 130], [60, 70, 110],
                          [60, 110, 60], [40, 40, 45]])[rng.integers(5)]
        mix(color, 'shadow_up', shade, rng.uniform(.4, .85))
        mix(color, 'blush', (110, 80, 225), rng.uniform(.15, .45))
        mix(color, 'liner', (20, 15, 20), rng.uniform(.4, .9))
    mix(color, 'lips', np.clip(lip, 10, 245),
        rng.uniform(.7, 1) if strong else rng.uniform(.35, .85))
    return bool(strong)


def _facial_hair(rng, color, hair, makeup):
    kind = rng.random()
    if makeup or kind > .34:
        return
    shade = hair * np.float32(rng.uniform(.6, 1.0))
    strength = np.float32(rng.uniform(.25, .9))
    grain = 1 + np.float32(.25) * noise(rng, 'grain', SIZE)

    def grow(name):
        region = regions()[name]
        weight = np.clip(
            region.mask * strength * grain[region.window], 0, 1)
        part = color[region.window]
        part += weight * (shade[:, None, None] - part)

    if kind < .22:
        grow('beard')
    if kind < .13 or kind > .22:
        grow('moustache')


def _mouth(rng, color):
    mix(color, 'mouth', (35, 25, 60) * rng.uniform(.6, 1.3, 3), 1)
    tooth = np.array([195, 215, 228]) * rng.uniform(.75, 1.08)
    if rng.random() < .85:
        mix(color, 'upper_teeth', tooth, rng.uniform(.7, 1))
    if rng.random() < .3:
        mix(color, 'lower_teeth', tooth * .85, rng.uniform(.5, .9))


def _eyes_and_brows(rng, color, skin, hair):
    mix(color, 'eyes', np.array([215, 222, 228]) * rng.uniform(.82, 1.05), 1)
    dark = np.array([22, 22, 28])
    mix(color, 'lash', dark, rng.uniform(.4, .85))
    mix(color, 'lower_lash', skin * .45, rng.uniform(.2, .7))
    style = ('brow', 'brow_thin', 'brow_bushy')[rng.integers(3)]
    mix(color, style, np.minimum(hair * rng.uniform(.5, .95), skin * .75),
        rng.uniform(.55, .95))


def _hair(rng, color, hair):
    """Hair down to a hairline; returns its cover and its colour."""
    if rng.random() < .07:
        return None, None
    u, v = texture_grid()
    across = np.abs(u)
    line = rng.uniform(-.275, -.215)  # height of the hairline, texture v
    receding = rng.uniform(-.15, .25)
    side = rng.uniform(.10, .22)  # how much lower behind the ears
    temple = rng.uniform(.300, .330)
    # The line falls from the forehead to the ears, outside of the temples.
    fall = np.clip((across - temple + .05) / .075, 0, 1)
    border = (line - receding * across * (across < .3) + fall * fall *
              rng.uniform(.12, .27))
    border = np.where(across > .408, border + side, border)
    jag = rng.uniform(.002, .012)
    if rng.random() < .38:  # fringe, following the forehead in 3D
        depth = rng.uniform(.03, .14)
        centre = rng.uniform(-.15, .15)
        width = rng.uniform(.12, .3)
        border = border + depth * np.exp(-((u - centre) / width)**4)
        jag = jag * 2
    rows = int((border.max() + .52) * SIZE)  # nothing to do below
    cover = np.zeros((SIZE, SIZE), np.float32)
    part = cover[:rows]
    part += noise(rng, 'strand', SIZE)[:rows] * np.float32(jag / .012)
    part += (border.astype(np.float32) -
             v[:rows]) / np.float32(.012) + np.float32(.5)
    np.clip(part, 0, 1, out=part)
    tone = 1 + np.float32(.22) * noise(rng, 'strand', SIZE)[:rows]
    color[:, :rows] += part * (hair[:, None, None] * tone - color[:, :rows])
    return cover, hair


def _face_mask(rng, color, cover):
    shade = np.array([[215, 190, 150], [235, 235, 235], [40, 40, 45],
                      [180, 140, 200]])[rng.integers(4)]
    shade = shade * rng.uniform(.75, 1.05)
    mix(color, 'mask', shade, 1)
    darken(color, dict(mask_folds=rng.uniform(.1, .3)))
    if cover is None:
        cover = np.zeros((SIZE, SIZE), np.float32)
    region = regions()['mask']
    part = cover[region.window]
    np.maximum(part, region.mask, out=part)
    return cover
