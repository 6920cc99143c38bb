"""Random identities and expressions: coefficients of the shape model."""
from typing import Dict, Tuple

import numpy as np

# Above one of these an expression counts for the subset 'expression'.
STRONG = dict(mouth_open=.45, smile=.80, lids=.65, brow_raise=.80,
              pout=.60, frown=.75)
# On the components' deviations: so a pose-fitted rigid head misses the
# landmarks by about 4 % of the box.
_SPREAD = 1.42


def sample_identity(rng: np.random.Generator,
                    stds: Dict[str, float]) -> Dict[str, float]:
    """Normal coefficients, cut at 2.2 deviations."""
    draws = np.clip(rng.normal(size=len(stds)), -2.2, 2.2)
    return {name: draw * std * _SPREAD
            for (name, std), draw in zip(stds.items(), draws)}


def sample_expression(
        rng: np.random.Generator) -> Tuple[Dict[str, float], bool]:
    """Coefficients by component name; whether they are ``STRONG``."""
    lively = rng.random() < .55
    smile, raised, lids = 0., rng.normal() * .2, rng.normal() * .12 + .05
    mouth_open = abs(rng.normal()) * .06
    pout = press = frown = down = jaw = 0.
    parted = max(0., rng.normal() * .4)
    if lively:
        mood = rng.integers(7)
        strength = rng.uniform(.3, 1.15)
        if mood <= 1:
            smile = strength
            parted += rng.uniform(0, 1) * strength
            mouth_open += rng.uniform(0, .3) * strength
        elif mood == 2:
            mouth_open = .15 + .85 * strength
            raised = rng.uniform(-.3, 1.2)
        elif mood == 3:
            pout, frown = strength, rng.uniform(-.3, .8)
        elif mood == 4:
            frown, press = strength, rng.uniform(0, 1)
            down = rng.uniform(0, 1)
        elif mood == 5:
            raised = strength * 1.2
            mouth_open += rng.uniform(0, .5)
        else:
            down, jaw = strength, rng.normal() * .5
            lids = rng.uniform(-.2, .6)
    jaw += rng.normal() * .15
    if rng.random() < .05:
        lids = rng.uniform(.75, .97)  # shut
    elif rng.random() < .10:
        lids = rng.uniform(-.6, -.2)  # wide
    wink = rng.uniform(.6, .95) if rng.random() < .02 else 0.
    winks = (wink, 0.) if rng.random() < .5 else (0., wink)
    uneven = rng.normal(size=4) * .12
    lid = np.clip(lids + np.array(winks) + uneven[:2] * .3, -.6, .97)
    skew = 1 + uneven[2] * 2
    found = dict(mouth_open=mouth_open, smile=smile, lids=lid.max(),
                 brow_raise=raised, pout=pout, frown=frown)
    return dict(
        mouth_open=mouth_open, lips_part=parted, pout=pout, press=press,
        jaw_shift=jaw, frown=frown, smile_left=smile * skew,
        smile_right=smile * (2 - skew), corner_down_left=down * skew,
        corner_down_right=down * (2 - skew),
        brow_raise_left=raised + uneven[3],
        brow_raise_right=raised - uneven[3],
        lid_left=lid[0], lid_right=lid[1],
        gaze_side=np.clip(rng.normal() * .5, -1, 1),
        gaze_up=np.clip(rng.normal() * .5, -1, 1)), any(
            found[name] > limit for name, limit in STRONG.items())
