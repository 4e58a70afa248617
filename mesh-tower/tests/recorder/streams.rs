//! A scrape is streamed, whole, while others record.

use crate::{measured, reader::Reading};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt;
use mesh_tower::recorder::{Format, Recorder};

fn of_many(series: usize) -> Recorder {
    let recorder = Recorder::default();
    measured(&recorder, || {
        for number in 0..series {
            metrics::counter!("a_total", "number" => format!("{number:06}"), "of" => "many").increment(1);
        }
    });
    recorder
}

#[test]
fn pieces_are_small_and_whole_together() {
    let recorder = of_many(5000);
    let pieces: Vec<_> = recorder.pieces(Format::OpenMetrics).collect();
    assert!(pieces.len() > 5);
    assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() < 40 * 1024));
    let text = String::from_utf8(pieces.concat()).unwrap();
    assert_eq!(Reading::of(&text, Format::OpenMetrics).unwrap().samples.len(), 5000);
    assert_eq!(text, recorder.render(Format::OpenMetrics));
}

#[test]
fn what_begins_while_somebody_reads_breaks_nothing() {
    let recorder = of_many(3000);
    let mut text = Vec::new();
    for (turn, piece) in recorder.pieces(Format::Prometheus).enumerate() {
        text.extend_from_slice(&piece);
        measured(&recorder, || {
            for number in 0..100 {
                metrics::counter!("a_total", "number" => format!("{number:06}.{turn}"), "of" => "many")
                    .increment(1);
            }
            metrics::counter!(format!("b{turn}_total")).increment(1);
        });
    }
    let reading = Reading::of(&String::from_utf8(text).unwrap(), Format::Prometheus).unwrap();
    assert!(reading.samples.len() >= 3000);
}

#[tokio::test]
async fn the_answer_is_in_the_format_that_was_asked_for() {
    let recorder = of_many(1);
    let open =
        HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("application/openmetrics-text"))]);
    for (headers, format) in [(HeaderMap::new(), Format::Prometheus), (open, Format::OpenMetrics)] {
        let response = recorder.response(&headers);
        assert_eq!(response.headers()[header::CONTENT_TYPE], format.content_type());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, recorder.render(format));
    }
}

/// Who reads as fast as it is written shares one worker with others, and they come between any two pieces.
#[tokio::test]
async fn a_hundred_thousand_series_keep_nobody_waiting() {
    let recorder = of_many(100_000);
    let pieces = recorder.pieces(Format::Prometheus).count();
    let body = recorder.response(&HeaderMap::new()).into_body();
    let read = tokio::spawn(async move { body.collect().await.unwrap().to_bytes().len() });
    let mut turns = 0;
    while !read.is_finished() {
        tokio::task::yield_now().await;
        turns += 1;
    }
    assert!(read.await.unwrap() > 3_000_000);
    assert!(turns >= pieces, "others had {turns} turns between {pieces} pieces");
}
