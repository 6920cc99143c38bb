"""The page as a person uses it: in Chromium, without a screen."""
import json
import os
import os.path as osp
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

_PATIENCE = 60  # seconds, for a machine that is busy


@pytest.fixture(scope='module')
def chromium():
    """Paths of browser and driver, or skip."""
    pytest.importorskip('gradio', reason='no gradio (requirements/web.txt)')
    pytest.importorskip('selenium', reason='no selenium')
    paths = [
        shutil.which('chromium') or shutil.which('chromium-browser'),
        shutil.which('chromedriver')
    ]
    if None in paths:
        pytest.skip('no chromium or chromedriver (Debian, Ubuntu: apt-get '
                    'install chromium chromium-driver)')
    return paths


@pytest.fixture(scope='module')
def places(tmp_path_factory):
    """Folders that the server finds, all empty."""
    return {
        name: tmp_path_factory.mktemp(name)
        for name in ('tmp', 'home', 'cwd')
    }


@pytest.fixture(scope='module')
def server(chromium, repo, tiny_model, places):
    """URL of the page, and its process."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    config, checkpoint = tiny_model
    process = subprocess.Popen([
        sys.executable, '-W', 'ignore',
        osp.join(repo, 'tools', 'web_demo.py'), '--weights', checkpoint,
        '--config', config, '--port',
        str(port), '--device', 'cpu'
    ],
                               stdout=subprocess.PIPE,
                               cwd=places['cwd'],
                               env=dict(
                                   os.environ,
                                   PYTHONPATH=repo,
                                   TMPDIR=str(places['tmp']),
                                   HOME=str(places['home']),
                                   XDG_CACHE_HOME=str(places['home']),
                                   MPLCONFIGDIR=str(places['home'])),
                               text=True)
    try:
        url = ''
        while 'http://' not in url:
            url = process.stdout.readline()
            assert url, 'the server ended'
        # Libraries keep lists of fonts and the like.
        places['before'] = _files_below(places['home'])
        yield url.split()[0], process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=_PATIENCE)


@pytest.fixture(scope='module')
def browser(chromium, server, tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    options.binary_location, driver = chromium
    for argument in ('--headless=new', '--no-sandbox', '--disable-gpu',
                     '--disable-dev-shm-usage', '--window-size=1280,1000'):
        options.add_argument(argument)
    folder = str(tmp_path_factory.mktemp('downloads'))
    options.add_experimental_option(
        'prefs', {
            'download.default_directory': folder,
            # A second file without another question.
            'profile.default_content_setting_values.automatic_downloads': 1
        })
    options.set_capability('goog:loggingPrefs', {'performance': 'ALL'})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    browser.set_page_load_timeout(_PATIENCE)
    browser.downloads = folder
    yield browser
    browser.quit()


def _files_below(folder):
    return sorted(
        osp.join(parent, name) for parent, _, names in os.walk(folder)
        for name in names)


class Page:
    """What a person sees and does."""

    def __init__(self, browser, url):
        self.browser = browser
        browser.get(url)
        self.wait_for('#photo input[type=file]')

    def find(self, selector):
        return self.browser.find_elements('css selector', selector)

    def wait(self, condition):
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait
        return WebDriverWait(
            self.browser,
            _PATIENCE,
            ignored_exceptions=[StaleElementReferenceException
                                ]).until(lambda _: condition())

    def wait_for(self, selector):
        return self.wait(lambda: self.find(selector))[0]

    def wait_for_text(self, selector, words):
        self.wait(lambda: any(words in element.text
                              for element in self.find(selector)))

    def upload(self, path):
        self.wait_for('#photo input[type=file]').send_keys(str(path))

    def remove_photo(self):
        button, = self.find('#photo button[aria-label="Remove Image"]')
        self.browser.execute_script('arguments[0].click()', button)
        self.wait(lambda: self.find('#photo input[type=file]'))

    def choose(self, radio, value):
        [button] = [
            element for element in self.find(f'#{radio} input')
            if element.get_attribute('value') == value
        ]
        self.browser.execute_script('arguments[0].click()', button)

    def shown(self):
        """Address of the image."""
        return self.wait_for('#image img').get_attribute('src')

    def download(self, button):
        """Path of the file that a button gives."""
        before = set(os.listdir(self.browser.downloads))
        element = self.wait_for(f'#{button}')
        self.browser.execute_script('arguments[0].click()', element)

        def new():
            names = set(os.listdir(self.browser.downloads)) - before
            return [
                name for name in names
                if not name.startswith('.') and not name.endswith('crdownload')
            ]

        [name] = self.wait(new)
        return osp.join(self.browser.downloads, name)

    def click_image(self, x, y):
        """Click at px of the image."""
        from selenium.webdriver.common.action_chains import ActionChains
        image = self.wait_for('#image img')
        box, natural = self.browser.execute_script(
            'arguments[0].scrollIntoView({block: "center"});'
            'const box = arguments[0].getBoundingClientRect();'
            'return [[box.width, box.height],'
            ' [arguments[0].naturalWidth, arguments[0].naturalHeight]]', image)
        # object-fit: contain
        scale = min(box[0] / natural[0], box[1] / natural[1])
        ActionChains(self.browser).move_to_element_with_offset(
            image, round((x - natural[0] / 2) * scale),
            round((y - natural[1] / 2) * scale)).click().perform()


@pytest.fixture
def page(browser, server):
    return Page(browser, server[0])


@pytest.fixture
def analysed(page, photo):
    """The page after an upload; the image is one box."""
    page.choose('detector', 'whole_image')
    page.upload(photo)
    page.wait_for_text('#message', '1 face in face.png, 200 x 200')
    return page


def test_upload_and_download(analysed):
    assert 'yaw' in analysed.wait_for('#poses').text
    assert '+15.0' in analysed.wait_for('#poses').text
    with open(analysed.download('json')) as file:
        [face] = json.load(file)['faces']
    assert np.shape(face['landmarks']) == (98, 2)
    assert face['box'] == [0, 0, 200, 200]
    image = cv2.imread(analysed.download('drawn'))
    assert image.shape == (800, 800, 3)


def test_steps_and_a_click(analysed):
    slider = analysed.wait_for('#step input[type=range]')
    before = analysed.shown()
    slider.send_keys('\ue012')  # arrow left
    analysed.wait(lambda: analysed.shown() != before)
    slider.send_keys('\ue014')  # arrow right: the result again
    with open(analysed.download('json')) as file:
        points = np.array(json.load(file)['faces'][0]['landmarks'])
    # The landmark that lies farthest from all others cannot be mistaken.
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    landmark = (distances + 1e9 * np.eye(98)).min(1).argmax()
    analysed.click_image(*(4 * points[landmark] + 2))
    analysed.wait_for_text('#hint', f'Face 1, landmark {landmark}:')
    grid = analysed.wait_for('#attention img')
    assert int(grid.get_attribute('naturalHeight')) > 700
    analysed.click_image(790, 10)
    analysed.wait_for_text('#hint', 'no landmark')
    analysed.wait(lambda: not analysed.find('#attention img'))


def test_another_detector_and_another_photograph(analysed, tmp_path):
    whole = analysed.shown()
    analysed.choose('detector', 'haar')
    analysed.wait(lambda: analysed.shown() != whole)
    wall = tmp_path / 'wall.png'
    cv2.imwrite(str(wall), np.full((90, 90, 3), 99, np.uint8))
    analysed.find('#photo button[aria-label="Remove Image"]')[0].click()
    analysed.wait_for_text('#message', 'Drop a photograph')
    assert not analysed.find('#image img')
    analysed.upload(wall)
    analysed.wait_for_text('#message', 'No face found in wall.png')


@pytest.mark.parametrize('name, words', [
    ('text.jpg', 'text.jpg is not an image'),
    ('half.png', 'half.png is not an image that can be read'),
    ('bomb.png', 'bomb.png is too large'),
])
def test_a_bad_file(page, photo, tmp_path, name, words):
    (tmp_path / 'text.jpg').write_text('I am no photograph')
    with open(photo, 'rb') as file:
        content = file.read()
    (tmp_path / 'half.png').write_bytes(content[:len(content) // 2])
    Image.new('1', (10000, 6000)).save(tmp_path / 'bomb.png')
    page.upload(tmp_path / name)
    page.wait_for_text('#message [role=alert]', words)
    assert not page.find('#image img')
    body = page.browser.find_element('tag name', 'body').text
    assert 'Traceback' not in body and str(tmp_path) not in body
    # The field is free again, and the next photograph is looked at.
    page.upload(photo)
    page.wait_for_text('#message', '1 face in face.png')
    # And so is a bad one after a good one.
    page.remove_photo()
    page.upload(tmp_path / name)
    page.wait_for_text('#message [role=alert]', words)
    assert not page.find('#image img')


def test_too_many_bytes(page, tmp_path):
    path = tmp_path / 'noise.bmp'
    noise = np.random.default_rng(0).integers(0, 255, (3300, 3300, 3))
    cv2.imwrite(str(path), noise.astype(np.uint8))
    assert os.path.getsize(path) > 31 * 1024**2
    page.upload(path)
    page.wait_for_text('body', 'exceed the maximum allowed size')
    assert not page.find('#image img')


def test_too_many_bytes_without_the_page(server):
    """The server does not rely on what the page checks."""
    head = (b'--x\r\nContent-Disposition: form-data; name="files"; '
            b'filename="a.png"\r\n\r\n')
    request = urllib.request.Request(
        f'{server[0]}gradio_api/upload',
        head + bytes(31 * 1024**2) + b'\r\n--x--\r\n',
        {'Content-Type': 'multipart/form-data; boundary=x'})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    assert error.value.code == 413


def test_no_warning_of_a_model_of_photographs(page):
    assert 'synthetic faces' not in page.wait_for('body').text


def test_nothing_is_fetched_from_elsewhere(page, browser, server):
    page.wait_for('#message')
    addresses = [
        message['params']['request']['url'] for message in (
            json.loads(entry['message'])['message']
            for entry in browser.get_log('performance'))
        if message['method'] == 'Network.requestWillBeSent'
    ]
    assert any(address.startswith(server[0]) for address in addresses)
    others = [
        address for address in addresses
        if not address.startswith((server[0], 'data:', 'blob:', 'chrome:'))
    ]
    assert others == []


def test_this_machine_alone(server):
    """It listens at the loopback address and at no other."""
    url, process = server
    port = int(url.rstrip('/').rsplit(':', 1)[1])
    assert url.startswith('http://127.0.0.1:')
    listening = []
    for table in ('/proc/net/tcp', '/proc/net/tcp6'):
        if not osp.exists(table):
            pytest.skip(f'no {table}: not Linux')
        with open(table) as file:
            rows = [line.split() for line in file][1:]
        listening += [
            row[1].split(':')[0] for row in rows
            if row[3] == '0A' and int(row[1].split(':')[1], 16) == port
        ]
    assert listening == ['0100007F']


@pytest.mark.parametrize('header', ['Host', 'Origin'])
def test_pages_of_others_are_refused(server, header):
    request = urllib.request.Request(
        server[0], headers={header: 'http://evil.example'})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    assert error.value.code == 403


@pytest.mark.parametrize('path', ['/etc/passwd', 'configs/spiga_wflw.py'])
def test_files_of_the_machine_are_not_served(server, repo, path):
    url = f'{server[0]}gradio_api/file={osp.join(repo, path)}'
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(url)
    assert error.value.code in (403, 404)


def test_it_cleans_up(chromium, server, places, page, photo):
    """The last test: it ends the server."""
    page.upload(photo)
    page.wait_for_text('#message', 'in face.png')
    [folder] = os.listdir(places['tmp'])
    assert folder.startswith('spiga_web_')
    _, process = server  # the browser stays connected
    process.send_signal(signal.SIGTERM)
    until = time.time() + _PATIENCE
    while process.poll() is None and time.time() < until:
        time.sleep(0.1)
    assert process.returncode == 0
    assert os.listdir(places['tmp']) == []
    assert os.listdir(places['cwd']) == []
    assert _files_below(places['home']) == places['before']
