//! How providers and nodes say no, a row a shape; and what becomes of a range then.

use tidegauge_chain::{
    FaultKind::{self, *},
    classify,
    ranges::{RangePlanner, RangeRules, TooMuch},
};
use tidegauge_model::{BlockNumber, BlockRange};

/// Provider, HTTP status, error object; cause, limit named, width suggested.
type Row = (
    &'static str,
    u16,
    Option<&'static str>,
    FaultKind,
    Option<u64>,
    Option<u64>,
);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("Alchemy, free", 400, Some(r#"{"code":-32600,"message":"Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this block range should work: [0x1a0, 0x1a9]. Upgrade to PAYG for expanded block range."}"#), Span, Some(10), Some(10)),
    ("Alchemy, free of old", 200, Some(r#"{"code":-32600,"message":"You can make eth_getLogs requests with up to a 500 block range. Based on your parameters, this block range should work: [0x1be4213, 0x1be4406]"}"#), Span, Some(500), Some(500)),
    ("Alchemy, paid", 200, Some(r#"{"code":-32602,"message":"Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0x10, 0x2f]"}"#), Density, None, Some(32)),
    ("Alchemy, throughput", 429, Some(r#"{"code":429,"message":"Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely ignore this message."}"#), Rate, None, None),
    ("Alchemy, in a batch", 200, Some(r#"{"code":429,"message":"Your app has exceeded its compute units per second capacity."}"#), Rate, None, None),
    ("Alchemy, month", 429, Some(r#"{"code":429,"message":"Monthly capacity limit exceeded. Visit the dashboard to upgrade your scaling policy for continued service."}"#), Rate, None, None),
    ("Alchemy, timeout", 200, Some(r#"{"code":-32000,"message":"Query timeout exceeded. Consider reducing your block range."}"#), Density, None, None),
    ("Alchemy, key", 401, Some(r#"{"code":-32600,"message":"Must be authenticated!"}"#), Auth, None, None),
    ("Alchemy, outage", 503, Some(r#"{"code":-32001,"message":"Unable to complete request at this time."}"#), Transient, None, None),
    ("Infura", 200, Some(r#"{"code":-32005,"data":{"from":"0xBDE5F8","limit":10000,"to":"0xBDE6F7"},"message":"query returned more than 10000 results. Try with this block range [0xBDE5F8, 0xBDE6F7]."}"#), Density, None, Some(256)),
    ("Infura, day", 429, Some(r#"{"code":-32005,"message":"daily request count exceeded, request rate limited"}"#), Rate, None, None),
    ("Infura, archive", 403, Some(r#"{"code":-32002,"message":"project ID does not have access to archive state"}"#), Depth, None, None),
    ("Infura, key", 401, Some(r#"{"code":-32002,"message":"invalid project id"}"#), Auth, None, None),
    ("Infura, filters", 200, Some(r#"{"code":-32602,"message":"This query contains 5006 filters. The current limit is 5000."}"#), Params, None, None),
    ("QuickNode", 413, Some(r#"{"code":-32614,"message":"eth_getLogs is limited to a 10,000 range"}"#), Span, Some(10_000), None),
    ("QuickNode, free", 200, Some(r#"{"code":-32615,"message":"eth_getLogs is limited to a 5 range, upgrade from free plan to increase the limit"}"#), Span, Some(5), None),
    ("QuickNode, rate", 429, Some(r#"{"code":-32007,"message":"50/second request limit reached - reduce calls per second or upgrade your account"}"#), Rate, None, None),
    ("publicnode", 200, Some(r#"{"code":-32701,"message":"exceed maximum block range: 50000"}"#), Span, Some(50_000), None),
    ("publicnode, address", 403, Some(r#"{"code":-32701,"message":"Please specify an address in your request or, to remove restrictions, order a dedicated full node"}"#), Params, None, None),
    ("publicnode, archive", 403, Some(r#"{"code":-32602,"message":"Archive requests require a personal token"}"#), Depth, None, None),
    ("publicnode, pruned", 200, Some(r#"{"code":-32000,"message":"History has been pruned for this block"}"#), Depth, None, None),
    ("Ankr", 200, Some(r#"{"code":-32600,"message":"block range is too wide"}"#), Span, None, None),
    ("Ankr, newer", 200, Some(r#"{"code":-32062,"message":"Block range is too large"}"#), Span, None, None),
    ("Ankr, key", 403, Some(r#"{"code":-32000,"message":"Unauthorized: You must authenticate your request with an API key."}"#), Auth, None, None),
    ("Ankr, rate", 200, Some(r#"{"code":-32090,"message":"Too many requests, reduce your request rate"}"#), Rate, None, None),
    ("dRPC, free", 200, Some(r#"{"code":35,"message":"ranges over 10000 blocks are not supported on freetier"}"#), Span, Some(10_000), None),
    ("dRPC, batch", 500, Some(r#"{"code":31,"message":"Batch of more than 3 requests are not allowed on free tier, to use this feature upgrade to a paid plan"}"#), Batch, None, None),
    ("dRPC, slow", 408, Some(r#"{"code":30,"message":"Request timeout on the free tier, please upgrade your tier to the paid one"}"#), Density, None, None),
    ("dRPC, rate", 429, Some(r#"{"code":15,"message":"Too many request, try again later"}"#), Rate, None, None),
    ("dRPC, routing", 200, Some(r#"{"code":12,"message":"Can't route your request to suitable provider, if you specified certain providers revise the list"}"#), Transient, None, None),
    ("dRPC, internal", 200, Some(r#"{"code":19,"message":"Temporary internal error. Please retry, trace-id: 7f0c"}"#), Transient, None, None),
    ("1RPC", 200, Some(r#"{"code":-32000,"message":"eth_getLogs is limited to 0 - 10000 blocks range"}"#), Span, Some(10_000), None),
    ("1RPC, plan", 200, Some(r#"{"code":-32001,"message":"You've reached the usage limit for your current plan."}"#), Rate, None, None),
    ("1RPC, day", 200, Some(r#"{"code":-32001,"message":"Exceeded the quota usage"}"#), Rate, None, None),
    ("Cloudflare", 200, Some(r#"{"code":-32047,"message":"Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800"}"#), Span, Some(800), None),
    ("Tenderly", 200, Some(r#"{"code":-32602,"message":"invalid params","data":{"payload":"range 9009594 is bigger than range limit 2000"}}"#), Span, Some(2_000), None),
    ("geth, range", 200, Some(r#"{"code":-32000,"message":"exceed maximum block range: 5000"}"#), Span, Some(5_000), None),
    ("geth, head", 200, Some(r#"{"code":-32000,"message":"block range extends beyond current head block"}"#), Beyond, None, None),
    ("geth, header", 200, Some(r#"{"code":-32000,"message":"header not found"}"#), Beyond, None, None),
    ("geth, block", 200, Some(r#"{"code":-32000,"message":"unknown block"}"#), Beyond, None, None),
    ("geth, pruned", 200, Some(r#"{"code":4444,"message":"pruned history unavailable"}"#), Depth, None, None),
    ("geth, state", 200, Some(r#"{"code":-32000,"message":"missing trie node 9f3a (path ) state is not available"}"#), Depth, None, None),
    ("geth, time", 200, Some(r#"{"code":-32002,"message":"request timed out"}"#), Density, None, None),
    ("geth, body", 200, Some(r#"{"code":-32003,"message":"response too large"}"#), Density, None, None),
    ("geth, batch", 200, Some(r#"{"code":-32600,"message":"batch too large"}"#), Batch, None, None),
    ("geth, topics", 200, Some(r#"{"code":-32602,"message":"exceed max topics"}"#), Params, None, None),
    ("geth, revert", 200, Some(r#"{"code":3,"message":"execution reverted","data":"0x"}"#), Reverted, None, None),
    ("geth, method", 200, Some(r#"{"code":-32601,"message":"the method eth_getBlockReceipts does not exist/is not available"}"#), Params, None, None),
    ("geth, final", 200, Some(r#"{"code":-39001,"message":"finalized block not found"}"#), Params, None, None),
    ("reth, range", 200, Some(r#"{"code":-32602,"message":"query exceeds max block range 100000"}"#), Span, Some(100_000), None),
    ("reth, results", 200, Some(r#"{"code":-32602,"message":"query exceeds max results 20000, retry with the range 25766988-25775072"}"#), Density, None, Some(8_085)),
    ("reth, final", 200, Some(r#"{"code":-32001,"message":"block not found: finalized"}"#), Params, None, None),
    ("Erigon, pruned", 200, Some(r#"{"code":-32000,"message":"old data not available due to pruning"}"#), Depth, None, None),
    ("Erigon, head", 200, Some(r#"{"code":-32000,"message":"block not found: 25900000"}"#), Beyond, None, None),
    ("Nethermind, pruned", 200, Some(r#"{"code":-32000,"message":"Receipt not available for From block 14319330."}"#), Depth, None, None),
    ("Nethermind, results", 200, Some(r#"{"code":-32005,"message":"Too many logs requested. Max logs per response is 20000."}"#), Density, None, None),
    ("Nethermind, time", 200, Some(r#"{"code":-32016,"message":"eth_getLogs request was canceled due to enabled timeout."}"#), Density, None, None),
    ("Nethermind, batch", 200, Some(r#"{"code":-32005,"message":"Batch size limit exceeded."}"#), Batch, None, None),
    ("Besu", 200, Some(r#"{"code":-32005,"message":"Requested range exceeds maximum RPC range limit"}"#), Span, None, None),
    ("some say no more", 200, Some(r#"{"code":-32005,"message":"limit exceeded"}"#), Rate, None, None),
    ("a gateway", 401, None, Auth, None, None),
    ("a gateway", 403, Some(r#"{"code":-32000,"message":"no"}"#), Auth, None, None),
    ("a gateway", 404, None, Params, None, None),
    ("a gateway", 413, None, Density, None, None),
    ("a gateway", 429, None, Rate, None, None),
    ("a gateway", 500, None, Transient, None, None),
    ("a gateway", 503, Some(r#"{"code":-32603,"message":"x"}"#), Transient, None, None),
    ("a gateway", 522, None, Transient, None, None),
    ("words in place of an object", 200, Some(r#""batch requests are not supported""#), Batch, None, None),
    ("nonsense", 200, Some(r#"{"code":"odd","message":7}"#), Transient, None, None),
    ("unknown", 200, Some(r#"{"code":-32603,"message":"Internal error"}"#), Transient, None, None),
];

#[test]
fn every_dialect_has_its_cause_limit_and_width() {
    for (provider, http, error, kind, limit, width) in ROWS {
        let fault = classify(Some(*http), *error);
        assert_eq!(
            (fault.kind, fault.limit, fault.width),
            (*kind, *limit, *width),
            "{provider}: {http} {error:?}"
        );
    }
}

fn range(from: u64, to: u64) -> BlockRange {
    BlockRange::new(BlockNumber(from), BlockNumber(to)).unwrap()
}

/// What is asked next after `asked` was answered with those words.
fn after(asked: BlockRange, words: &str) -> Vec<BlockRange> {
    let rules = RangeRules {
        first_blocks: asked.len_blocks(),
        max_blocks: 100_000,
        target_weight: 1_000,
    };
    let mut planner = RangePlanner::new(asked, rules);
    assert_eq!(planner.next_range(), Some(asked));
    let error = format!(r#"{{"code":-32602,"message":"{words}"}}"#);
    let fault = classify(Some(200), Some(&error));
    let outcome = match fault.kind {
        Span => planner.too_wide(asked, fault.limit.or(fault.width)),
        Density => planner.too_dense(asked, fault.width),
        other => panic!("{other:?}"),
    };
    assert_eq!(outcome, TooMuch::Split);
    std::iter::from_fn(|| planner.next_range()).collect()
}

#[test]
fn a_suggestion_is_a_width_and_never_a_position() {
    let results = "query exceeds max results 20000, retry with the range";
    let size = "Log response size exceeded. this block range should work:";
    let asked = range(1_000, 1_999);
    let halves = vec![range(1_000, 1_499), range(1_500, 1_999)];
    let fifths: Vec<BlockRange> = (0..5)
        .map(|part| range(1_000 + part * 200, 1_199 + part * 200))
        .collect();
    for (trap, words, expected) in [
        ("good advice", format!("{results} 1000-1199"), &fifths),
        (
            "the range that failed",
            format!("{results} 1000-1999"),
            &halves,
        ),
        ("a wider one", format!("{results} 1000-2999"), &halves),
        ("an inverted one", format!("{results} 1999-1000"), &halves),
        (
            "an inverted one in hex",
            format!("{size} [0x7cf, 0x3e8]"),
            &halves,
        ),
        // Who begins there loses the blocks before it.
        ("a later start", format!("{size} [0x708, 0x7cf]"), &fifths),
        ("another place", format!("{size} [0x0, 0xc7]"), &fifths),
        ("no advice", "query timeout exceeded".to_owned(), &halves),
        (
            "a limit that is no narrower",
            "block range too large, maximum allowed is 1000 blocks".to_owned(),
            &halves,
        ),
        (
            "a limit",
            "block range too large, maximum allowed is 200 blocks".to_owned(),
            &fifths,
        ),
    ] {
        assert_eq!(&after(asked, &words), expected, "{trap}: {words}");
    }
}
