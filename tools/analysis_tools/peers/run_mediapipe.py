"""68 points by MediaPipe's face mesh of the faces of an annotation file.

    python tools/analysis_tools/peers/run_mediapipe.py annotations.json \\
        mediapipe.json --data-root images

The package finds the faces of an image itself; the one that overlaps the
tight box of the true landmarks most is taken. Its contour is not that of the
68 points: compare it on the other 51. See docs/photographs.md.
"""
import sys

from adapter import run

# An annotated face is found at this IoU, as for tools/analysis_tools/
# robustness.py.
LEAST_OVERLAP = 0.3
MAX_FACES = 5
# Of each of the 68 points the vertices of the face mesh whose mean it is:
# https://github.com/PeizhiYan/Mediapipe_2_Dlib_Landmarks, the table that
# issue 4490 of google-ai-edge/mediapipe names.
VERTICES = (
    # contour, 0 to 16
    (127, ), (234, ), (93, ), (132, 58), (58, 172), (136, ), (150, ), (176, ),
    (152, ), (400, ), (379, ), (365, ), (397, 288), (361, ), (323, ), (454, ),
    (356, ),
    # brows, 17 to 26
    (70, ), (63, ), (105, ), (66, ), (107, ),
    (336, ), (296, ), (334, ), (293, ), (300, ),
    # nose and its bottom, 27 to 35
    (168, 6), (197, 195), (5, ), (4, ),
    (75, ), (97, ), (2, ), (326, ), (305, ),
    # eyes, 36 to 47
    (33, ), (160, ), (158, ), (133, ), (153, ), (144, ),
    (362, ), (385, ), (387, ), (263, ), (373, ), (380, ),
    # outer and inner lips, 48 to 67
    (61, ), (39, ), (37, ), (0, ), (267, ), (269, ), (291, ),
    (321, ), (314, ), (17, ), (84, ), (91, ),
    (78, ), (82, ), (13, ), (312, ), (308, ), (317, ), (14, ), (87, ),
)  # yapf: disable


def load():
    import mediapipe
    import numpy as np
    if not hasattr(mediapipe, 'solutions'):
        raise ImportError(f'mediapipe {mediapipe.__version__} brings no '
                          'models; expected 0.10.21 or earlier')
    mesh = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True,
                                                  refine_landmarks=False,
                                                  max_num_faces=MAX_FACES)

    def predict(image, box):
        size = image.shape[1::-1]
        faces = [
            np.array([(point.x, point.y) for point in face.landmark]) * size
            for face in mesh.process(image).multi_face_landmarks or ()
        ]
        overlaps = [overlap(np.concatenate([face.min(0), face.max(0)]), box)
                    for face in faces]
        if max(overlaps, default=0) < LEAST_OVERLAP:
            return None
        face = faces[overlaps.index(max(overlaps))]
        return np.array([face[list(group)].mean(0) for group in VERTICES])

    return predict


def overlap(first, second):
    width, height = (
        max(0, min(first[i + 2], second[i + 2]) - max(first[i], second[i]))
        for i in (0, 1))
    common = width * height
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (first, second)]
    return common / (sum(areas) - common)


if __name__ == '__main__':
    sys.exit(run(__file__, __doc__, load))
