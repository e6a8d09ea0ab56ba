-- Swaps, daily features, and what the mirror knows of itself. Addresses and hashes are lower-case
-- 0x text; amounts are exact; what is unknown is NULL, never zero.

CREATE TABLE daily_transactions (
    chain_id       integer NOT NULL,
    block_number   bigint NOT NULL,
    log_index      integer NOT NULL,
    tx_hash        text NOT NULL,
    tx_index       integer NOT NULL,
    pool_address   text NOT NULL,
    "timestamp"    timestamp with time zone NOT NULL,
    created_date   date NOT NULL,
    fee_tier       integer NOT NULL,
    token0_amount  numeric NOT NULL,
    token1_amount  numeric NOT NULL,
    amount0_raw    numeric(78,0) NOT NULL,
    amount1_raw    numeric(78,0) NOT NULL,
    sender         text NOT NULL,
    recipient      text NOT NULL,
    tx_from        text,
    sqrt_price_x96 numeric(49,0) NOT NULL,
    liquidity      numeric(39,0) NOT NULL,
    tick           integer NOT NULL,
    volume_usd     numeric,
    PRIMARY KEY (chain_id, created_date, tx_hash, log_index)
) PARTITION BY RANGE (created_date);
CREATE INDEX ON daily_transactions (pool_address, created_date);
CREATE INDEX ON daily_transactions ("timestamp");
CREATE INDEX ON daily_transactions (block_number);
COMMENT ON TABLE daily_transactions IS 'One row per Uniswap V3 swap, exactly as its log says; partitioned by month';
COMMENT ON COLUMN daily_transactions.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN daily_transactions.block_number IS 'Height of its block';
COMMENT ON COLUMN daily_transactions.log_index IS 'Its place among the block''s logs';
COMMENT ON COLUMN daily_transactions.tx_hash IS 'Its transaction';
COMMENT ON COLUMN daily_transactions.tx_index IS 'The transaction''s place in the block';
COMMENT ON COLUMN daily_transactions.pool_address IS 'The pool''s contract';
COMMENT ON COLUMN daily_transactions."timestamp" IS 'The block''s timestamp, to the second';
COMMENT ON COLUMN daily_transactions.created_date IS 'UTC calendar day of the timestamp; the table is partitioned by its month';
COMMENT ON COLUMN daily_transactions.fee_tier IS 'The pool''s fee tier in hundredths of a basis point (3000 = 0.3 %)';
COMMENT ON COLUMN daily_transactions.token0_amount IS 'Change of the pool''s token0 in whole tokens, exact; positive flows into the pool';
COMMENT ON COLUMN daily_transactions.token1_amount IS 'Change of the pool''s token1 in whole tokens, exact; positive flows into the pool';
COMMENT ON COLUMN daily_transactions.amount0_raw IS 'Change of the pool''s token0 in its smallest unit; positive flows into the pool';
COMMENT ON COLUMN daily_transactions.amount1_raw IS 'Change of the pool''s token1 in its smallest unit; positive flows into the pool';
COMMENT ON COLUMN daily_transactions.sender IS 'Who called the pool, usually a router';
COMMENT ON COLUMN daily_transactions.recipient IS 'Who received the output';
COMMENT ON COLUMN daily_transactions.tx_from IS 'The transaction''s from; NULL where receipts were not read';
COMMENT ON COLUMN daily_transactions.sqrt_price_x96 IS 'Price after the swap: square root of token1 per token0 in smallest units, times 2^96';
COMMENT ON COLUMN daily_transactions.liquidity IS 'In-range liquidity after the swap, raw units';
COMMENT ON COLUMN daily_transactions.tick IS 'Tick after the swap';
COMMENT ON COLUMN daily_transactions.volume_usd IS 'Value in USD by the prices at the end of the block before; NULL where unpriced or not computed yet';

CREATE TABLE daily_pool_features (
    chain_id               integer NOT NULL,
    pool_address           text NOT NULL,
    date                   date NOT NULL,
    pool_name              text,
    token0_symbol          text,
    token1_symbol          text,
    fee                    bigint NOT NULL,
    fee_percentage         double precision NOT NULL,
    pool_type              text NOT NULL,
    tx_count               bigint NOT NULL,
    unique_users           bigint,
    tx_count_3d_avg        double precision NOT NULL,
    tx_count_7d_avg        double precision NOT NULL,
    tx_count_7d_std        double precision,
    tx_count_cumulative    bigint NOT NULL,
    days_since_start       bigint NOT NULL,
    day_number             bigint NOT NULL,
    tx_growth_rate         double precision,
    age_days               bigint NOT NULL,
    left_censored          boolean NOT NULL,
    tx_count_24h           bigint NOT NULL,
    swap_count_24h         bigint NOT NULL,
    unique_users_24h       bigint,
    unique_users_7d        bigint,
    volume_usd_24h         numeric,
    fees_usd_24h           numeric,
    volume_usd_avg_3d      double precision,
    volume_usd_avg_7d      double precision,
    tx_count_avg_3d        double precision,
    tx_count_avg_7d        double precision,
    unique_users_avg_7d    double precision,
    volume_std_7d          double precision,
    volatility_3d          double precision,
    volatility_7d          double precision,
    volume_growth_1d       double precision,
    volume_growth_7d       double precision,
    volume_momentum_3_7    double precision,
    price_open             double precision,
    price_high             double precision,
    price_low              double precision,
    price_close            double precision,
    price_return_7d        double precision,
    trend_3d               text,
    buy_ratio_24h          double precision,
    avg_swap_usd           double precision,
    max_swap_usd           numeric,
    liquidity_twa          double precision,
    fee_apr_7d             double precision,
    apy_7d                 double precision,
    xtick_share            double precision,
    priced                 boolean NOT NULL,
    ref_guard              boolean NOT NULL,
    pool_class             text NOT NULL,
    pool_subclass          text NOT NULL,
    user_key               text NOT NULL,
    feature_set            text NOT NULL,
    target_tx_3d_ahead     bigint,
    target_tx_7d_ahead     bigint,
    target_tx_3d_avg_ahead double precision,
    target_tx_7d_avg_ahead double precision,
    target_volume_usd_3d   numeric,
    target_volume_usd_7d   numeric,
    target_fee_apr_3d      double precision,
    target_fee_apr_7d      double precision,
    status                 text NOT NULL,
    as_of_block            bigint NOT NULL,
    PRIMARY KEY (chain_id, pool_address, date)
);
CREATE INDEX ON daily_pool_features (chain_id, date);
COMMENT ON TABLE daily_pool_features IS 'A row for each pool and whole UTC day with a swap: features, and targets as they mature';
COMMENT ON COLUMN daily_pool_features.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN daily_pool_features.pool_address IS 'The pool''s contract';
COMMENT ON COLUMN daily_pool_features.date IS 'UTC calendar day';
COMMENT ON COLUMN daily_pool_features.pool_name IS 'Symbols of its tokens; NULL where one is unknown';
COMMENT ON COLUMN daily_pool_features.token0_symbol IS 'Symbol of token0; NULL where it has none';
COMMENT ON COLUMN daily_pool_features.token1_symbol IS 'Symbol of token1; NULL where it has none';
COMMENT ON COLUMN daily_pool_features.fee IS 'Fee tier in hundredths of a basis point (3000 = 0.3 %)';
COMMENT ON COLUMN daily_pool_features.fee_percentage IS 'Fee tier as a share (0.003 = 0.3 %)';
COMMENT ON COLUMN daily_pool_features.pool_type IS 'What the pool pairs, under the earlier pipeline''s name of pool_class';
COMMENT ON COLUMN daily_pool_features.tx_count IS 'Swaps of the day (the number of Swap events, not of transactions)';
COMMENT ON COLUMN daily_pool_features.unique_users IS 'Distinct users of the day; NULL where a swap''s user was not collected';
COMMENT ON COLUMN daily_pool_features.tx_count_3d_avg IS 'Mean swaps a day over the last 3 days of life, fewer while the pool is younger';
COMMENT ON COLUMN daily_pool_features.tx_count_7d_avg IS 'Mean swaps a day over the last 7 days of life, fewer while the pool is younger';
COMMENT ON COLUMN daily_pool_features.tx_count_7d_std IS 'Sample standard deviation of swaps a day over the last 7 days of life; NULL on the first';
COMMENT ON COLUMN daily_pool_features.tx_count_cumulative IS 'Swaps since the first day of observed life';
COMMENT ON COLUMN daily_pool_features.days_since_start IS 'Days since the first day of observed life';
COMMENT ON COLUMN daily_pool_features.day_number IS 'Days of observed life with a swap so far, this one included';
COMMENT ON COLUMN daily_pool_features.tx_growth_rate IS 'Swaps of the day over those of the day before, less 1; NULL where that had none or lies before life';
COMMENT ON COLUMN daily_pool_features.age_days IS 'Days of observed life, this one included';
COMMENT ON COLUMN daily_pool_features.left_censored IS 'Whether collection began after the pool''s creation, so that its life may be longer than observed';
COMMENT ON COLUMN daily_pool_features.tx_count_24h IS 'Distinct transactions with a swap in 24 hours';
COMMENT ON COLUMN daily_pool_features.swap_count_24h IS 'Swaps in 24 hours';
COMMENT ON COLUMN daily_pool_features.unique_users_24h IS 'Distinct users in 24 hours; NULL where a swap''s user was not collected';
COMMENT ON COLUMN daily_pool_features.unique_users_7d IS 'Distinct users in 7 days; NULL where a swap''s user or a part of the days was not collected';
COMMENT ON COLUMN daily_pool_features.volume_usd_24h IS 'Value of the swaps of 24 hours in USD; NULL where one is unpriced';
COMMENT ON COLUMN daily_pool_features.fees_usd_24h IS 'That times the fee tier, in USD';
COMMENT ON COLUMN daily_pool_features.volume_usd_avg_3d IS 'Mean daily volume of 3 days in USD; NULL while younger or unpriced';
COMMENT ON COLUMN daily_pool_features.volume_usd_avg_7d IS 'Mean daily volume of 7 days in USD; NULL while younger or unpriced';
COMMENT ON COLUMN daily_pool_features.tx_count_avg_3d IS 'Mean daily transactions of 3 days; NULL while younger';
COMMENT ON COLUMN daily_pool_features.tx_count_avg_7d IS 'Mean daily transactions of 7 days; NULL while younger';
COMMENT ON COLUMN daily_pool_features.unique_users_avg_7d IS 'Mean daily distinct users of 7 days; NULL while younger';
COMMENT ON COLUMN daily_pool_features.volume_std_7d IS 'Sample standard deviation of 7 daily volumes in USD; NULL while younger or unpriced';
COMMENT ON COLUMN daily_pool_features.volatility_3d IS 'Sample standard deviation of hourly log returns over 72 hours × √24; NULL below 24 returns';
COMMENT ON COLUMN daily_pool_features.volatility_7d IS 'Sample standard deviation of hourly log returns over 168 hours × √24; NULL below 24 returns';
COMMENT ON COLUMN daily_pool_features.volume_growth_1d IS 'Volume over that of the day before, less 1; NULL while younger than 2 days, unpriced or over 0';
COMMENT ON COLUMN daily_pool_features.volume_growth_7d IS 'Volume of 7 days over that of the 7 before, less 1; NULL while younger than 14 days, unpriced or over 0';
COMMENT ON COLUMN daily_pool_features.volume_momentum_3_7 IS 'volume_usd_avg_3d over volume_usd_avg_7d, less 1; NULL while younger than 7 days, unpriced or over 0';
COMMENT ON COLUMN daily_pool_features.price_open IS 'Price after the first swap of 24 hours, or the last before; token1 per token0, whole tokens';
COMMENT ON COLUMN daily_pool_features.price_high IS 'Greatest price after a swap of 24 hours, or the last before';
COMMENT ON COLUMN daily_pool_features.price_low IS 'Least price after a swap of 24 hours, or the last before';
COMMENT ON COLUMN daily_pool_features.price_close IS 'Price after the last swap';
COMMENT ON COLUMN daily_pool_features.price_return_7d IS 'Natural logarithm of the closing price over that of 7 days before; NULL while younger than 8 days';
COMMENT ON COLUMN daily_pool_features.trend_3d IS 'Whether volume (transactions where unpriced) rose or fell by more than 5 % of its 3-day mean a day; NULL while younger or without any';
COMMENT ON COLUMN daily_pool_features.buy_ratio_24h IS 'Share of the swaps of 24 hours in which token0 left the pool; NULL without a swap';
COMMENT ON COLUMN daily_pool_features.avg_swap_usd IS 'Mean value of the swaps of 24 hours in USD; NULL without a swap or unpriced';
COMMENT ON COLUMN daily_pool_features.max_swap_usd IS 'Greatest value of a swap of 24 hours in USD; NULL without a swap or unpriced';
COMMENT ON COLUMN daily_pool_features.liquidity_twa IS 'Time-weighted mean of in-range liquidity over 24 hours, raw units, from when it was first known; NULL where it never was';
COMMENT ON COLUMN daily_pool_features.fee_apr_7d IS '365/7 × the fee returns of 7 days; NULL while younger or where a return is unknown';
COMMENT ON COLUMN daily_pool_features.apy_7d IS 'fee_apr_7d compounded daily over a year; NULL where that is or where it is not finite';
COMMENT ON COLUMN daily_pool_features.xtick_share IS 'Share of the volume of 24 hours in swaps that crossed an initialized tick; NULL without volume or unpriced';
COMMENT ON COLUMN daily_pool_features.priced IS 'Whether every swap of 24 hours has a value in USD';
COMMENT ON COLUMN daily_pool_features.ref_guard IS 'Whether a swap of 24 hours was valued by the median of the reference pools';
COMMENT ON COLUMN daily_pool_features.pool_class IS 'What the pool pairs';
COMMENT ON COLUMN daily_pool_features.pool_subclass IS 'The same, finer';
COMMENT ON COLUMN daily_pool_features.user_key IS 'Who counts as a user';
COMMENT ON COLUMN daily_pool_features.feature_set IS 'Fingerprint of the definitions and lists';
COMMENT ON COLUMN daily_pool_features.target_tx_3d_ahead IS 'Swaps of the third day after';
COMMENT ON COLUMN daily_pool_features.target_tx_7d_ahead IS 'Swaps of the seventh day after';
COMMENT ON COLUMN daily_pool_features.target_tx_3d_avg_ahead IS 'Mean swaps a day of the 3 days after';
COMMENT ON COLUMN daily_pool_features.target_tx_7d_avg_ahead IS 'Mean swaps a day of the 7 days after';
COMMENT ON COLUMN daily_pool_features.target_volume_usd_3d IS 'Volume of the 3 days after in USD; NULL too where a swap of them is unpriced';
COMMENT ON COLUMN daily_pool_features.target_volume_usd_7d IS 'Volume of the 7 days after in USD; NULL too where a swap of them is unpriced';
COMMENT ON COLUMN daily_pool_features.target_fee_apr_3d IS '365/3 × the fee returns of the 3 days after; NULL too where a return is unknown';
COMMENT ON COLUMN daily_pool_features.target_fee_apr_7d IS '365/7 × the fee returns of the 7 days after; NULL too where a return is unknown';
COMMENT ON COLUMN daily_pool_features.status IS 'partial: not every block of the day is known; provisional: its last block is not final; final';
COMMENT ON COLUMN daily_pool_features.as_of_block IS 'The day''s last block that is known';

CREATE TABLE pools (
    chain_id          integer NOT NULL,
    pool_address      text NOT NULL,
    factory           text NOT NULL,
    token0            text NOT NULL,
    token1            text NOT NULL,
    fee_tier          integer NOT NULL,
    tick_spacing      integer NOT NULL,
    created_block     bigint,
    created_log_index integer,
    PRIMARY KEY (chain_id, pool_address)
);
COMMENT ON TABLE pools IS 'Accepted pools: named by their factory, or of its CREATE2 address';
COMMENT ON COLUMN pools.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN pools.pool_address IS 'Its contract';
COMMENT ON COLUMN pools.factory IS 'The contract that made it';
COMMENT ON COLUMN pools.token0 IS 'The lower token address';
COMMENT ON COLUMN pools.token1 IS 'The higher token address';
COMMENT ON COLUMN pools.fee_tier IS 'Fee tier in hundredths of a basis point (3000 = 0.3 %)';
COMMENT ON COLUMN pools.tick_spacing IS 'Distance between usable ticks';
COMMENT ON COLUMN pools.created_block IS 'Height of its PoolCreated event; NULL where it was known before that was seen';
COMMENT ON COLUMN pools.created_log_index IS 'Log index of that event';

CREATE TABLE tokens (
    chain_id      integer NOT NULL,
    token_address text NOT NULL,
    symbol        text,
    name          text,
    decimals      smallint NOT NULL,
    PRIMARY KEY (chain_id, token_address)
);
COMMENT ON TABLE tokens IS 'Tokens of accepted pools, as their contracts describe them';
COMMENT ON COLUMN tokens.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN tokens.token_address IS 'Its contract';
COMMENT ON COLUMN tokens.symbol IS 'symbol(), made printable; NULL where it has none';
COMMENT ON COLUMN tokens.name IS 'name(), made printable; NULL where it has none';
COMMENT ON COLUMN tokens.decimals IS 'Decimal places of a raw amount';

CREATE TABLE mirror_position (
    chain_id      integer NOT NULL,
    store         uuid NOT NULL,
    store_epoch   bigint NOT NULL,
    epoch         bigint NOT NULL,
    holder        text NOT NULL,
    heartbeat     timestamp with time zone,
    height        bigint,
    hash          text,
    block_time    timestamp with time zone,
    final_height  bigint,
    notice        bigint NOT NULL,
    recheck_block bigint,
    recheck_date  date,
    PRIMARY KEY (chain_id)
);
COMMENT ON TABLE mirror_position IS 'How far this mirror is, and who writes it: one row a chain, locked by every write';
COMMENT ON COLUMN mirror_position.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN mirror_position.store IS 'Identity of the store that is mirrored';
COMMENT ON COLUMN mirror_position.store_epoch IS 'How often that store was taken over or restored';
COMMENT ON COLUMN mirror_position.epoch IS 'Raised whenever another collector takes the lease; a writer of an older epoch writes nothing';
COMMENT ON COLUMN mirror_position.holder IS 'Who holds the lease';
COMMENT ON COLUMN mirror_position.heartbeat IS 'When the holder last wrote, by this server''s clock; NULL where it let the lease go';
COMMENT ON COLUMN mirror_position.height IS 'The last block mirrored; NULL while there is none';
COMMENT ON COLUMN mirror_position.hash IS 'Its hash';
COMMENT ON COLUMN mirror_position.block_time IS 'Its timestamp, where known';
COMMENT ON COLUMN mirror_position.final_height IS 'The greatest height known to be final';
COMMENT ON COLUMN mirror_position.notice IS 'The last notice of the store''s outbox that these tables hold';
COMMENT ON COLUMN mirror_position.recheck_block IS 'From this height on rows are being compared with the store once more; NULL: none';
COMMENT ON COLUMN mirror_position.recheck_date IS 'From this day on features are being compared with the store once more; NULL: none';

CREATE TABLE mirror_blocks (
    chain_id    integer NOT NULL,
    number      bigint NOT NULL,
    hash        text NOT NULL,
    swaps       integer NOT NULL,
    raw_digest  bytea NOT NULL,
    rest_digest bytea NOT NULL,
    PRIMARY KEY (chain_id, number)
);
COMMENT ON TABLE mirror_blocks IS 'Digests of mirrored blocks that are not final, or whose segment is not complete';
COMMENT ON COLUMN mirror_blocks.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN mirror_blocks.number IS 'Height';
COMMENT ON COLUMN mirror_blocks.hash IS 'Hash';
COMMENT ON COLUMN mirror_blocks.swaps IS 'Swaps in it';
COMMENT ON COLUMN mirror_blocks.raw_digest IS 'SHA-256 over what its logs say, a line a swap';
COMMENT ON COLUMN mirror_blocks.rest_digest IS 'SHA-256 over what was added: decimal amounts, fee tier, day, value';

CREATE TABLE mirror_segments (
    chain_id    integer NOT NULL,
    segment     bigint NOT NULL,
    swaps       bigint NOT NULL,
    last_number bigint NOT NULL,
    last_hash   text NOT NULL,
    raw_digest  bytea NOT NULL,
    rest_digest bytea NOT NULL,
    PRIMARY KEY (chain_id, segment)
);
COMMENT ON TABLE mirror_segments IS 'Digests of 1,024 final blocks each (heights divided by 1,024); none where there is no swap';
COMMENT ON COLUMN mirror_segments.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN mirror_segments.segment IS 'Its first height divided by 1,024';
COMMENT ON COLUMN mirror_segments.swaps IS 'Swaps in it';
COMMENT ON COLUMN mirror_segments.last_number IS 'Height of its last block with a swap';
COMMENT ON COLUMN mirror_segments.last_hash IS 'Hash of that block';
COMMENT ON COLUMN mirror_segments.raw_digest IS 'SHA-256 over its blocks'' raw_digest, of blocks with swaps, ascending';
COMMENT ON COLUMN mirror_segments.rest_digest IS 'SHA-256 over their rest_digest';

CREATE TABLE mirror_days (
    chain_id    integer NOT NULL,
    date        date NOT NULL,
    rows        integer NOT NULL,
    as_of_block bigint NOT NULL,
    digest      bytea NOT NULL,
    settled     boolean NOT NULL,
    PRIMARY KEY (chain_id, date)
);
COMMENT ON TABLE mirror_days IS 'Digests of the days in daily_pool_features';
COMMENT ON COLUMN mirror_days.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN mirror_days.date IS 'UTC calendar day';
COMMENT ON COLUMN mirror_days.rows IS 'Pools with a row';
COMMENT ON COLUMN mirror_days.as_of_block IS 'The day''s last block';
COMMENT ON COLUMN mirror_days.digest IS 'SHA-256 over its rows, a line a pool, by address';
COMMENT ON COLUMN mirror_days.settled IS 'Whether it and the seven days after it are final, so that nothing of it changes any more';
