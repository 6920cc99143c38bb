"""The page: what is on it, and what happens when somebody touches it.

Importing it imports Gradio, which reads its settings from the environment at
that moment; :mod:`.server` makes them first.
"""
from typing import Optional

import cv2
import gradio as gr

from spiga_mmpose.datasets.transforms import BadSampleError
from . import texts
from .analysis import Analysis, FaceAnalyser

_PHOTO = 'photo'
_preprocess = gr.Image.preprocess


def _path_of_photo(self, payload):
    """The photograph as a path; other images as Gradio gives them.

    Gradio opens a file before it calls us, and a bad one ends in its own
    error. It makes components again between two events, so that a method of
    the object would be lost; and beside the code of a class of our own it
    would write a file.
    """
    if self.elem_id == _PHOTO:
        return payload and payload.path
    return _preprocess(self, payload)


gr.Image.preprocess = _path_of_photo

THEME = gr.themes.Default(
    primary_hue='blue',
    neutral_hue='slate',
    # Fonts of the reader's own machine: nothing is fetched.
    font=['system-ui', 'sans-serif'],
    font_mono=['ui-monospace', 'monospace'])
CSS = '''
.gradio-container { max-width: 1200px !important; margin: 0 auto; }
#title, #banner, #message, #hint, #poses { padding: 0 !important; }
#title h1 { font-size: 1.6rem; margin: 0 0 0.2rem; }
#title p { margin: 0; }
.note { border-left: 4px solid; padding: 0.5rem 0.8rem; border-radius: 4px;
        background: var(--background-fill-secondary); }
.note p { margin: 0; }
.good { border-color: #2b7a3d; } .bad { border-color: #c22; }
.warn { border-color: #d97706; } .info { border-color: #64748b; }
#image img { cursor: crosshair; max-height: 70vh; object-fit: contain; }
#poses table { width: 100%; border-collapse: collapse; }
#poses table, #poses tr, #poses th, #poses td { border: none !important; }
#poses th, #poses td { text-align: right; padding: 0.25rem 0.4rem; }
#poses tr { border-bottom: 1px solid var(--border-color-primary) !important; }
#poses th:first-child, #poses td:first-child { text-align: left; }
#poses caption { text-align: left; padding-bottom: 0.3rem; }
'''
# On a telephone the result is further down; where it is in sight, it stays.
# (Gradio's own scroll_to_output does nothing here.)
_TO_RESULT = '''() => {
    const result = document.querySelector('#message');
    if (result.getBoundingClientRect().top > innerHeight / 2)
        result.scrollIntoView({behavior: 'smooth'});
}'''


def build_page(analyser: FaceAnalyser, folder: str) -> gr.Blocks:
    return _Page(analyser, folder).blocks


class _Page:
    """Parts of the page and what they do.

    What belongs to one visitor is in ``found``, an Analysis or None.
    """

    def __init__(self, analyser: FaceAnalyser, folder: str) -> None:
        self.analyser = analyser
        self.folder = folder
        with gr.Blocks(title='Face landmarks and head pose',
                       analytics_enabled=False,
                       delete_cache=(600, 3600)) as self.blocks:
            gr.HTML(texts.TITLE, elem_id='title')
            self.banner = gr.HTML(
                self._banner(next(iter(analyser.models))), elem_id='banner')
            self.found = gr.State()
            # On a narrow screen all columns come one below the other.
            with gr.Row():
                with gr.Column(scale=2, min_width=300):
                    self.photo = gr.Image(
                        label='Photograph', type='filepath', image_mode=None,
                        sources=['upload', 'webcam', 'clipboard'], buttons=[],
                        height=300, placeholder='# Drop a photograph here\nor '
                        'click to choose one', elem_id=_PHOTO)
                    self.detector = _choice(
                        analyser.detectors, 'What finds the faces', 'detector')
                    self.model = _choice(
                        analyser.models, 'Model of landmarks and pose',
                        'model')
                with gr.Column(scale=3, min_width=300):
                    self.message = gr.HTML(texts.START, elem_id='message')
                    self.image = _image('Faces', 'image')
                    self.hint = gr.HTML(visible=False, elem_id='hint')
                    self.step = gr.Slider(0, 1, step=1, visible=False,
                                          elem_id='step')
            with gr.Row():
                with gr.Column(scale=2, min_width=300):
                    self.poses = gr.HTML(visible=False, elem_id='poses')
                    with gr.Row(visible=False) as self.downloads:
                        self.json = gr.DownloadButton('Download JSON',
                                                      elem_id='json')
                        self.drawn = gr.DownloadButton('Download image',
                                                       elem_id='drawn')
                with gr.Column(scale=3, min_width=300):
                    self.attention = _image('Attention', 'attention')
            self._connect()

    def _connect(self) -> None:
        # Nothing is offered to programs; tools/demo.py is for them. What
        # somebody does while the last wish is worked at replaces it.
        common = dict(api_visibility='private', trigger_mode='always_last',
                      concurrency_limit=1, concurrency_id='network')
        look = dict(
            fn=self._look,
            inputs=[self.photo, self.detector, self.model],
            outputs=[self.message, self.image, self.poses, self.step,
                     self.downloads, self.json, self.drawn, self.hint,
                     self.attention, self.found, self.photo],
            show_progress_on=[self.message],
            **common)
        self.photo.input(**look).then(None, js=_TO_RESULT)
        self.photo.clear(**look)
        self.detector.input(**look)
        self.model.input(self._banner, self.model, self.banner,
                         show_progress_on=[self.message],
                         **common).then(**look)
        self.step.input(self._show_step, [self.found, self.step],
                        [self.image, self.drawn], show_progress='hidden',
                        **common)
        self.image.select(self._show_attention, [self.found, self.step],
                          [self.attention, self.hint],
                          show_progress_on=[self.hint], **common)

    def _banner(self, model: str) -> str:
        try:
            drawn = self.analyser.inferencer(model).only_synthetic
        except (ValueError, OSError, RuntimeError):  # told when it is used
            drawn = False
        return texts.DRAWN_FACES_ONLY if drawn else ''

    def _look(self, path: Optional[str], detector: str, model: str) -> dict:
        """Analyse a photograph; any other file is removed from the field."""
        if path is None:
            return self._hidden(texts.START)
        try:
            return self._shown(self.analyser.analyse(path, detector, model))
        except BadSampleError as error:
            return {**self._hidden(texts.failure(error)), self.photo: None}
        except (ValueError, OSError, RuntimeError, cv2.error) as error:
            return self._hidden(texts.failure(error))

    def _shown(self, found: Analysis) -> dict:
        faces, steps = found.record['faces'], found.steps
        json_file, image = found.write(steps, self.folder)
        step = dict(visible=False)
        if steps:
            step = dict(
                visible=True, maximum=steps, value=steps,
                label='Step of the cascade: 0 is the rigid head, '
                f'{steps} the result')
        return {
            **self._hidden(texts.summary(found)),
            self.image: gr.update(value=image, visible=True),
            self.poses: gr.update(value=texts.pose_table(faces),
                                  visible=bool(faces)),
            self.step: gr.update(**step),
            self.downloads: gr.update(visible=True),
            self.json: json_file, self.drawn: image, self.found: found,
            self.hint: gr.update(value=texts.CLICK_HERE,
                                 visible=bool(found.attention))
        }

    def _hidden(self, message: str) -> dict:
        nothing = gr.update(value=None, visible=False)
        return {self.message: message, self.image: nothing,
                self.poses: nothing, self.step: gr.update(visible=False),
                self.downloads: gr.update(visible=False), self.json: None,
                self.drawn: None, self.hint: nothing,
                self.attention: nothing, self.found: None}

    def _show_step(self, found: Optional[Analysis], step: int) -> tuple:
        if found is None:  # it was too long ago
            return None, None
        _, image = found.write(int(step), self.folder)
        return image, image

    def _show_attention(self, found: Optional[Analysis], step: int,
                        event: gr.SelectData) -> tuple:
        hidden = gr.update(value=None, visible=False)
        if found is None:
            return hidden, texts.CLICK_HERE
        near = found.nearest(int(step), *event.index)
        if near is None:
            return hidden, texts.hint('There is no landmark: click nearer to '
                                      'one.')
        try:
            grid = found.draw_attention(*near)
        except ValueError as error:
            return hidden, texts.hint(error)
        return gr.update(value=grid, visible=True), texts.clicked(*near)


def _choice(names, label: str, elem_id: str) -> gr.Radio:
    choices = [(texts.LABELS.get(name, name), name) for name in names]
    return gr.Radio(choices, value=choices[0][1], label=label, elem_id=elem_id)


def _image(label: str, elem_id: str) -> gr.Image:
    return gr.Image(label=label, show_label=False, interactive=False,
                    visible=False, buttons=['fullscreen'], format='png',
                    elem_id=elem_id)
