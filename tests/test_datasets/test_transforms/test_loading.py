"""What comes out of every kind of image file, good and bad."""
import struct
import warnings
import zlib

import cv2
import mmcv
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from PIL import Image

from spiga_mmpose.datasets.transforms import BadSampleError, LoadFaceImage


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(
        0, 256, (20, 30, 4), dtype=np.uint8)


def load(path, **kwargs):
    return LoadFaceImage(**kwargs)(dict(img_path=str(path)))


def write(path, img):
    assert cv2.imwrite(str(path), img)
    return path


class TestFiles:

    def test_colour(self, tmp_path, pixels):
        results = load(write(tmp_path / 'a.png', pixels[..., :3]))
        assert np.array_equal(results['img'], pixels[..., :3])
        assert results['img_shape'] == results['ori_shape'] == (20, 30)

    def test_grey_gets_three_channels(self, tmp_path, pixels):
        img = load(write(tmp_path / 'a.png', pixels[..., 0]))['img']
        assert np.array_equal(img, np.stack([pixels[..., 0]] * 3, -1))

    def test_alpha_is_dropped_as_in_the_release(self, tmp_path, pixels):
        img = load(write(tmp_path / 'a.png', pixels))['img']
        assert np.array_equal(img, pixels[..., :3])

    @pytest.mark.parametrize('channels', [1, 3, 4])
    def test_16_bit_keeps_the_upper_byte(self, tmp_path, pixels, channels):
        deep = pixels[..., :channels].astype(np.uint16) * 256 + 77
        img = load(write(tmp_path / 'a.png', deep))['img']
        assert img.dtype == np.uint8
        assert np.array_equal(
            img, np.broadcast_to(pixels[..., :min(channels, 3)], img.shape))

    @pytest.mark.parametrize('ending', ['jpg', 'png', 'tif', 'webp'])
    def test_exif_orientation_is_applied(self, tmp_path, pixels, ending):
        exif = Image.Exif()
        exif[0x0112] = 6  # turn right
        path = tmp_path / f'a.{ending}'
        Image.fromarray(pixels[..., 2::-1]).save(
            path, exif=exif, lossless=True)
        img = load(path)['img']
        assert img.shape == (30, 20, 3)
        if ending != 'jpg':
            assert np.array_equal(img, np.rot90(pixels[..., :3], -1))

    @pytest.mark.parametrize('ending',
                             ['bmp', 'jpg', 'pgm', 'png', 'tif', 'webp'])
    def test_every_kind_as_opencv_reads_it(self, tmp_path, pixels, ending):
        colour = ending.replace('pgm', 'ppm')
        for name, channels in ((f'a.{ending}', 1), (f'b.{colour}', 3)):
            path = write(tmp_path / name, pixels[..., :channels])
            assert np.array_equal(load(path)['img'], cv2.imread(str(path)))

    @pytest.mark.parametrize('ending, channels', [('png', 1), ('png', 3),
                                                  ('pgm', 1), ('tif', 1),
                                                  ('tif', 3)])
    def test_16_bit_of_every_kind(self, tmp_path, pixels, ending, channels):
        deep = pixels[..., :channels].astype(np.uint16) * 256 + 77
        img = load(write(tmp_path / f'a.{ending}', deep))['img']
        assert np.array_equal(
            img, np.broadcast_to(pixels[..., :channels], img.shape))

    def test_palette_and_transparency(self, tmp_path, pixels):
        grey = Image.fromarray(pixels[..., 0])
        grey.convert('P').save(tmp_path / 'a.png', transparency=3)
        assert np.array_equal(
            load(tmp_path / 'a.png')['img'][..., 0], pixels[..., 0])

    def test_an_animation_is_its_first_image(self, tmp_path, pixels):
        images = [Image.fromarray(pixels[..., i]) for i in range(3)]
        for ending in ('png', 'webp', 'tif'):
            images[0].save(
                tmp_path / f'a.{ending}',
                save_all=True,
                append_images=images[1:],
                lossless=True)
            img = load(tmp_path / f'a.{ending}')['img']
            assert np.array_equal(img[..., 1], pixels[..., 0])


def write_header(path, side):
    """A PNG or JPEG header that says side x side, with next to no data."""
    write(path, np.zeros((8, 8, 3), np.uint8))
    content = bytearray(path.read_bytes())
    if path.suffix == '.png':
        content[16:24] = side.to_bytes(4, 'big') * 2
        content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, 'big')
    else:
        start = content.index(b'\xff\xc0') + 5
        content[start:start + 4] = side.to_bytes(2, 'big') * 2
    path.write_bytes(bytes(content))
    return path


class TestBadFiles:

    def check(self, path, *words, **kwargs):
        with pytest.raises(BadSampleError) as error:
            load(path, **kwargs)
        for word in (str(path), *words):
            assert word in str(error.value)

    def test_missing(self, tmp_path):
        self.check(tmp_path / 'none.jpg', 'No such file')

    def test_a_folder(self, tmp_path):
        self.check(tmp_path, 'directory')

    def test_empty(self, tmp_path):
        (tmp_path / 'a.jpg').write_bytes(b'')
        self.check(tmp_path / 'a.jpg', 'empty')

    def test_no_image(self, tmp_path):
        (tmp_path / 'a.jpg').write_text('<html>not found</html>')
        self.check(tmp_path / 'a.jpg', 'not an image', '<html>')

    @pytest.mark.parametrize('ending', ['jpg', 'png'])
    @pytest.mark.parametrize('share', [0.2, 0.5, 0.9])
    def test_truncated(self, tmp_path, ending, share):
        noise = np.random.default_rng(0).integers(
            0, 256, (64, 64, 3), dtype=np.uint8)
        path = write(tmp_path / f'a.{ending}', noise)
        content = path.read_bytes()
        path.write_bytes(content[:int(len(content) * share)])
        self.check(path)

    @pytest.mark.parametrize('kind', ['APNG', 'WEBP', 'TIFF', 'BMP', 'PPM'])
    def test_damaged(self, tmp_path, pixels, kind):
        """Whatever is cut or turned: an image or one error.

        OpenCV 4.11 dies of damaged animations (SIGSEGV).
        """
        images = [Image.fromarray(pixels[..., i]) for i in range(3)]
        path = tmp_path / 'a.png'
        several = dict(save_all=True, append_images=images[1:])
        images[0].save(path, kind.replace('APNG', 'PNG'),
                       **several if kind[0] in 'AWT' else {})
        content, random = path.read_bytes(), np.random.default_rng(0)
        refused = 0
        for _ in range(60):
            damaged = bytearray(content[:random.integers(9, len(content))]
                                if random.random() < .5 else content)
            damaged[random.integers(len(damaged))] ^= 1 << random.integers(8)
            path.write_bytes(damaged)
            try:
                assert load(path)['img'].shape[2] == 3
            except BadSampleError as error:
                refused += 1
                assert str(path) in str(error) and len(str(error)) < 400
        assert refused == 60 if kind == 'APNG' else refused > 5

    def test_a_frame_smaller_than_its_header_says(self, tmp_path, pixels):
        """The animated PNG of 209 bytes that ended the process."""

        def chunk(kind, *numbers, data=b''):
            body = kind + struct.pack('>' + 'I' * len(numbers),
                                      *numbers) + data
            return struct.pack('>I', len(body) - 4) + body + struct.pack(
                '>I', zlib.crc32(body))

        rows = zlib.compress((b'\0' + bytes(12)) * 4)
        content = b'\x89PNG\r\n\x1a\n' + chunk(
            b'IHDR', 64, 64, data=b'\x08\x02\0\0\0') + chunk(
                b'acTL', 2, 0) + chunk(
                    b'fcTL', 0, 4, 4, 0, 0, 0x10001, data=b'\0\0') + chunk(
                        b'IDAT', data=rows) + chunk(b'IEND')
        (tmp_path / 'a.png').write_bytes(content)
        self.check(tmp_path / 'a.png', 'first frame is smaller')

    def test_a_turned_bit_in_a_png(self, tmp_path, pixels):
        path = write(tmp_path / 'a.png', pixels[..., :3])
        content = bytearray(path.read_bytes())
        content[-20] ^= 1
        path.write_bytes(content)
        self.check(path, 'not an image that can be read')

    def test_a_device(self):
        self.check('/dev/zero', 'device or pipe')

    @pytest.mark.parametrize('kind, found', [('JPEG2000', 'JPEG2000'),
                                             ('AVIF', 'ftypavif')])
    def test_refused_by_kind(self, tmp_path, pixels, kind, found):
        """A decoder that crashes on damaged files does not see them."""
        path = tmp_path / 'a.jpg'
        Image.fromarray(pixels[..., :3]).save(path, kind)
        for end in (None, 230):
            path.write_bytes(path.read_bytes()[:end])
            self.check(path, 'expected a JPEG, PNG', found)

    def test_too_large_by_the_argument(self, tmp_path, pixels):
        path = write(tmp_path / 'a.png', pixels[..., :3])
        self.check(path, '30 x 20', '599', max_pixels=599)
        load(path, max_pixels=600)

    def test_longer_than_opencv_crops(self):
        with pytest.raises(BadSampleError, match='32767 x 1 pixels.*32766'):
            LoadFaceImage()(dict(img=np.zeros((1, 32767, 3), np.uint8)))
        LoadFaceImage()(dict(img=np.zeros((1, 32766, 3), np.uint8)))

    def test_a_file_longer_than_opencv_crops(self, tmp_path):
        path = write(tmp_path / 'a.png', np.zeros((32767, 2), np.uint8))
        self.check(path, 'too long', '2 x 32767', '32766')

    @pytest.mark.parametrize('name, side', [('a.png', 60000), ('a.jpg', 8100),
                                            ('a.jpg', 60000)])
    def test_bomb_is_refused_before_decoding(self, tmp_path, monkeypatch,
                                             name, side):
        path = write_header(tmp_path / name, side)

        def decode(*args, **kwargs):
            raise AssertionError('decoded')

        monkeypatch.setattr(mmcv, 'imfrombytes', decode)
        monkeypatch.setattr(Image.Image, 'load', decode)
        self.check(path, 'too large')

    @pytest.mark.parametrize('kind', ['GIF', 'ICO', 'TGA'])
    def test_unsupported_format(self, tmp_path, pixels, kind):
        path = tmp_path / 'a.jpg'  # whatever its name
        Image.fromarray(pixels[..., :3]).save(path, kind)
        self.check(path, 'unsupported', f'found {kind}', 'JPEG, PNG, BMP')


class TestLargeFiles:

    @pytest.mark.parametrize('side', [9500, 12200])
    def test_up_to_our_limit_without_a_warning(self, tmp_path, monkeypatch,
                                               side):
        """90 and 149 megapixels; Pillow would warn of both."""
        path = write_header(tmp_path / 'a.jpg', side)
        decoded = np.zeros((1, 1, 3), np.uint8)
        monkeypatch.setattr(mmcv, 'imfrombytes', lambda *_, **__: decoded)
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            limited = load(path, max_pixels=150_000_000)
            assert limited['img'] is decoded

    @pytest.mark.parametrize('side', [8100, 12300, 13300])
    def test_beyond_it_an_error_alone(self, tmp_path, side):
        path = write_header(tmp_path / 'a.png', side)
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            with pytest.raises(BadSampleError, match=f'{side} x {side}'):
                load(path)

    def test_others_are_warned_as_before(self, tmp_path):
        path = write_header(tmp_path / 'a.png', 12300)
        with pytest.raises(BadSampleError):
            load(path)
        with pytest.warns(Image.DecompressionBombWarning):
            Image.open(path)


class TestFaceImageBackend:
    """Under MMCV's loader."""

    def load(self, path):
        loader = LoadImageFromFile(backend_args=dict(backend='face_image'))
        return loader(dict(img_path=str(path)))['img']

    def test_a_good_file(self, tmp_path, pixels):
        path = write(tmp_path / 'a.png', pixels[..., :3])
        assert np.array_equal(self.load(path), pixels[..., :3])

    def test_an_animation_of_which_mmcv_dies(self, tmp_path, pixels):
        images = [Image.fromarray(pixels[..., i]) for i in range(2)]
        path = tmp_path / 'a.png'
        images[0].save(path, save_all=True, append_images=images[1:])
        assert np.array_equal(self.load(path)[..., 0], pixels[..., 0])

    @pytest.mark.parametrize('content, words', [
        (None, 'No such file'),
        (b'', 'is an empty file'),
        (b'<html>', 'not an image'),
    ])
    def test_a_bad_file_is_named(self, tmp_path, content, words):
        path = tmp_path / 'a.jpg'
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(OSError) as error:
            self.load(path)
        assert str(path) in str(error.value) and words in str(error.value)

    def test_a_bomb(self, tmp_path):
        path = write_header(tmp_path / 'a.png', 13300)
        with pytest.raises(OSError, match='too large: 13300 x 13300'):
            self.load(path)


class TestArrays:

    @pytest.mark.parametrize('shape', [(20, 30), (20, 30, 1), (20, 30, 3),
                                       (20, 30, 4)])
    def test_good_shapes(self, pixels, shape):
        img = pixels[..., :shape[2] if len(shape) == 3 else 1].reshape(shape)
        out = LoadFaceImage()(dict(img=img))
        assert out['img'].shape == (20, 30, 3)
        assert out['img'].dtype == np.uint8
        assert out['img_path'] is None
        assert np.array_equal(out['img'][..., 0], pixels[..., 0])

    def test_16_bit(self, pixels):
        img = pixels[..., :3].astype(np.uint16) * 256 + 5
        out = LoadFaceImage()(dict(img=img))['img']
        assert np.array_equal(out, pixels[..., :3])

    @pytest.mark.parametrize('img, word', [
        (np.zeros((4, 5, 2), np.uint8), r'\(4, 5, 2\)'),
        (np.zeros((0, 5, 3), np.uint8), r'\(0, 5, 3\)'),
        (np.zeros(5, np.uint8), r'\(5,\)'),
        (np.zeros((4, 5, 3)), 'float64'),
        ([[1]], 'list'),
    ])
    def test_bad(self, img, word):
        with pytest.raises(BadSampleError, match=word):
            LoadFaceImage()(dict(img=img))
