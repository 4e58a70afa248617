//! How many hedges there are.

use super::{AFTER, Arrivals, LONG, client, get, pass, send, status};
use mesh_core::model::Share;
use mesh_tower::hedge::{Budget, HedgeLayer};

fn count(arrivals: &mut Arrivals) -> usize {
    let mut tries = Vec::new();
    while let Ok(one) = arrivals.try_recv() {
        tries.push(one);
    }
    tries.len()
}

#[tokio::test(start_paused = true)]
async fn a_request_has_as_many_hedges_as_the_layer_says() {
    for most in [0, 1, 3] {
        let (client, mut arrivals) = client(&HedgeLayer::after(AFTER).with_most(most));
        let mut waiting = send(&client, get());
        let mut tries = vec![arrivals.try_recv().unwrap()];
        for _ in 0..most {
            assert!(arrivals.try_recv().is_err());
            pass(&mut waiting, AFTER).await;
            tries.push(arrivals.try_recv().unwrap());
        }
        pass(&mut waiting, LONG).await;
        assert!(arrivals.try_recv().is_err());
        assert!(tries.iter().all(|one| !one.is_reset()));
        tries.swap_remove(0).answers(200);
        assert_eq!(status(&mut waiting), 200);
        assert!(tries.iter().all(|one| one.is_reset()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hedge_for_which_there_is_no_room_is_left_out_and_one_that_is_over_makes_room() {
    let budget = Budget { share: Share::NONE, at_least: 1 };
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER).with_budget(budget));
    let mut one = send(&client, get());
    let mut other = send(&client, get());
    let tries = [(); 2].map(|()| arrivals.try_recv().unwrap());
    pass(&mut one, AFTER).await;
    pass(&mut other, AFTER).await;
    let hedge = arrivals.try_recv().unwrap();
    assert!(arrivals.try_recv().is_err());
    hedge.answers(200);
    assert_eq!(status(&mut one), 200);
    drop((other, tries));

    for _ in 0..2 {
        let mut waiting = send(&client, get());
        let _first = arrivals.try_recv().unwrap();
        pass(&mut waiting, AFTER).await;
        // Dropped under way, it gives its place back.
        let _second = arrivals.try_recv().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn hedges_are_a_share_of_the_requests_that_wait_for_their_answer() {
    let budget = Budget { share: Share::from_percent(25.0).unwrap(), at_least: 0 };
    let (client, mut arrivals) = client(&HedgeLayer::after(AFTER).with_budget(budget));
    let mut waiting: Vec<_> = (0..8).map(|_| send(&client, get())).collect();
    let tries: Vec<_> = (0..8).map(|_| arrivals.try_recv().unwrap()).collect();
    tokio::time::advance(AFTER).await;
    let mut hedges = Vec::new();
    for waiting in &mut waiting {
        pass(waiting, std::time::Duration::ZERO).await;
        hedges.extend(arrivals.try_recv());
    }
    assert_eq!(hedges.len(), 2);
    drop((tries, hedges, waiting));
    // Nobody else waits: a share of one is none.
    let mut alone = send(&client, get());
    pass(&mut alone, LONG).await;
    assert_eq!(count(&mut arrivals), 1);
}
