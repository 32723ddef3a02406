//! The tables of `plan --matrix`.

use super::super::{Paint, View};
use super::*;

fn view(width: usize, detail: Detail) -> View {
    View { width, paint: Paint(false), detail }
}

fn cell(target: &str, counts: Option<Counts>) -> CellReport {
    let state = counts.map(|counts| if counts.open() > 0 { State::WouldStop } else { State::WouldLand });
    let error = counts.is_none().then(|| format!("the linux tree has no tag '{target}'"));
    CellReport { target: target.into(), commit: counts.map(|_| "c".repeat(40)), state, counts, error }
}

fn patch(file: &str, subject: &str, outcomes: &[Option<OutcomeName>]) -> MatrixPatch {
    MatrixPatch { file: file.into(), part: 0, subject: subject.into(), outcomes: outcomes.to_vec() }
}

fn report() -> MatrixReport {
    use OutcomeName::{Conflict, Offset, Same, Upstreamed};
    let lands = Counts { total: 3, same: 2, upstreamed: 1, ..Counts::default() };
    let stops = Counts { total: 3, offset: 1, upstreamed: 1, conflict: 1, ..Counts::default() };
    MatrixReport {
        series: Some("6.6.x".into()),
        base: "v6.6.13".into(),
        error: None,
        cells: vec![cell("v6.6.14", Some(lands)), cell("v6.6.15", Some(stops)), cell("v6.6.99", None)],
        patches: vec![
            patch("0001-panic.patch", "panic: say it in words", &[Some(Same), Some(Offset), None]),
            patch("0002-init.patch", "init: count in words", &[Some(Same), Some(Conflict), None]),
            patch("0003-usb.patch", "usb: a fix for everybody", &[Some(Upstreamed), Some(Upstreamed), None]),
        ],
    }
}

#[test]
fn sets_come_first_and_then_the_patches_that_change() {
    assert_eq!(
        text(&[report()], &view(80, Detail::Usual)),
        "\
from           v6.6.14  v6.6.15  v6.6.99
6.6.x v6.6.13  2 -1     1 -1 !1  failed

each cell: patches kept, -dropped because upstream has them, !waiting for a
  decision

6.6.x v6.6.13 → v6.6.99: the linux tree has no tag 'v6.6.99'

6.6.x v6.6.13
#     patch                     v6.6.14  v6.6.15  v6.6.99
0002  init: count in words      s        C        ?
0003  usb: a fix for everybody  u        u        ?
s same, u upstreamed, C conflict, ? not computed
1 patch stays unchanged on every target
"
    );
}
