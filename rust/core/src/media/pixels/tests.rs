//! Layouts, numbers and grids against what they should look like.

use super::*;

fn counting<'a>(shape: &'a [usize], data: &'a mut Vec<u8>) -> Array<'a> {
    data.extend((0..shape.iter().product::<usize>()).map(|index| index as u8));
    Array::new(Dtype::Uint8, shape, data).expect("consistent")
}

#[test]
fn every_layout_gives_the_same_picture() {
    let mut data = Vec::new();
    let pixels = Pixels::of(&counting(&[2, 4, 3], &mut data), "HWC")
        .expect("an image")
        .made;
    assert_eq!((pixels.height, pixels.width, pixels.channels), (2, 4, 3));
    assert_eq!(pixels.data, data);
    for layout in ["CHW", "CWH", "WHC", "WCH", "HCW"] {
        let length = |letter| match letter {
            'C' => 3,
            'H' => 2,
            _ => 4,
        };
        let shape: Vec<usize> = layout.chars().map(length).collect();
        let mut moved = vec![0; 24];
        for (index, byte) in moved.iter_mut().enumerate() {
            let (mut rest, mut h, mut w, mut c) = (index, 0, 0, 0);
            for letter in layout.chars().rev() {
                let place = rest % length(letter);
                rest /= length(letter);
                match letter {
                    'C' => c = place,
                    'H' => h = place,
                    _ => w = place,
                }
            }
            *byte = data[(h * 4 + w) * 3 + c];
        }
        let array = Array::new(Dtype::Uint8, &shape, &moved).expect("consistent");
        assert_eq!(
            Pixels::of(&array, layout).expect("an image").made,
            pixels,
            "{layout}"
        );
    }
}

#[test]
fn numbers_are_limited_not_wrapped() {
    let numbers = [-1.0f32, 0.0, 0.5, 1.0, 1.5, f32::INFINITY];
    let data: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let array = Array::new(Dtype::Float32, &[1, 6], &data).expect("consistent");
    let Fitted { made, problem } = Pixels::of(&array, "HW").expect("an image");
    assert_eq!(problem, None);
    let reds: Vec<u8> = made.data.iter().step_by(3).copied().collect();
    assert_eq!(reds, [0, 0, 127, 255, 255, 255]);
}

#[test]
fn nan_is_black_and_reported() {
    let data = f32::NAN.to_le_bytes();
    let nan = Array::new(Dtype::Float32, &[1, 1], &data).expect("consistent");
    let Fitted { made, problem } = Pixels::of(&nan, "HW").expect("an image");
    assert_eq!(made.data, [0, 0, 0]);
    assert!(problem.is_some_and(|problem| problem.contains("img_tensor")));
}

#[test]
fn wrong_shapes_and_wrong_layouts_are_refused() {
    let mut data = Vec::new();
    let array = counting(&[5, 2, 2], &mut data);
    for layout in ["CHW", "HW", "CHH", "CHX", "NC", ""] {
        assert!(Pixels::of(&array, layout).is_err(), "{layout}");
    }
}

#[test]
fn a_batch_is_a_grid_of_eight_columns() {
    let mut data = Vec::new();
    let array = counting(&[9, 1, 2, 1], &mut data);
    let pixels = Pixels::of(&array, "NCHW").expect("an image").made;
    assert_eq!((pixels.height, pixels.width), (4, 8));
    let red = |row: usize, column: usize| pixels.data[(row * 8 + column) * 3];
    assert_eq!(
        (red(0, 0), red(1, 0), red(0, 7), red(2, 0), red(2, 1)),
        (0, 1, 14, 16, 0)
    );
}

#[test]
fn videos_are_filled_up_to_a_power_of_two() {
    let mut data = Vec::new();
    let frames = frames(&counting(&[3, 2, 1, 1, 1], &mut data), "NTCHW");
    let frames = frames.expect("a video").made;
    assert_eq!(frames.len(), 2);
    assert_eq!((frames[0].height, frames[0].width), (2, 2));
    assert_eq!(frames[1].data, [1, 1, 1, 3, 3, 3, 5, 5, 5, 0, 0, 0]);
}
