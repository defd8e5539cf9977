//! Pictures: the colours are where they belong, and the files can be read back.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests, outside a test function

use lunar_lander::frames::{FRAME_HEIGHT, FRAME_WIDTH, GifWriter, Renderer, write_png};
use lunar_lander::{Action, Environment, LunarLander, Options};

#[test]
fn a_frame_shows_sky_moon_flags_and_lander() {
    let mut lander = LunarLander::new(Options::default()).unwrap();
    lander.reset(3);
    let frame = Renderer::new().frame(&lander);
    let at = |x: usize, y: usize| frame.pixels[y * FRAME_WIDTH + x];
    assert_eq!(frame.pixels.len(), FRAME_WIDTH * FRAME_HEIGHT);
    assert_eq!(at(100, 5), [0, 0, 0], "sky");
    assert_eq!(at(300, 395), [255, 255, 255], "moon");
    assert_eq!(at(240, 275), [255, 255, 255], "flagpole");
    assert_eq!(at(247, 255), [204, 204, 0], "flag");
    let body = lander.bodies()[0];
    let (x, y) = (body.x * 30.0, 399.0 - body.y * 30.0);
    assert_eq!(at(x as usize, (y + 4.0).max(2.0) as usize), [128, 102, 230], "lander");
}

#[test]
fn engines_throw_particles_that_go_out() {
    let mut lander = LunarLander::new(Options::default()).unwrap();
    lander.reset(7);
    let mut renderer = Renderer::new();
    let red =
        |frame: &lunar_lander::frames::Frame| frame.pixels.iter().filter(|[r, g, b]| r > g && g == b).count();
    assert_eq!(red(&renderer.frame(&lander)), 0);
    for _ in 0..5 {
        lander.step(Action::Discrete(2)).unwrap();
        renderer.frame(&lander);
    }
    lander.step(Action::Discrete(2)).unwrap();
    assert!(red(&renderer.frame(&lander)) > 0);
    for _ in 0..12 {
        lander.step(Action::Discrete(0)).unwrap();
        renderer.frame(&lander);
    }
    assert_eq!(red(&renderer.frame(&lander)), 0);
}

#[test]
fn images_read_back() {
    let mut lander = LunarLander::new(Options::default()).unwrap();
    lander.reset(3);
    let mut renderer = Renderer::new();
    let frame = renderer.frame(&lander);
    let mut png = Vec::new();
    write_png(&mut png, &[&frame, &frame]).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (2 * FRAME_WIDTH as u32, FRAME_HEIGHT as u32));
    assert_eq!(pixels[..FRAME_WIDTH * 3], frame.bytes()[..FRAME_WIDTH * 3]);

    let mut file = Vec::new();
    let mut gif = GifWriter::new(&mut file).unwrap();
    for _ in 0..3 {
        gif.write(&frame).unwrap();
        lander.step(Action::Discrete(2)).unwrap();
    }
    drop(gif);
    let mut decoder = gif::DecodeOptions::new().read_info(&file[..]).unwrap();
    let mut count = 0;
    while decoder.next_frame_info().unwrap().is_some() {
        count += 1;
    }
    assert_eq!((count, decoder.width()), (3, FRAME_WIDTH as u16));
}
