-- Forecasts of pools' days, and which of them the mirror holds.

CREATE TABLE predictions (
    chain_id      integer NOT NULL,
    model         text NOT NULL,
    date          date NOT NULL,
    pool_address  text NOT NULL,
    target        text NOT NULL,
    value         double precision NOT NULL,
    interval_low  double precision,
    interval_high double precision,
    confidence    double precision,
    basis         text,
    horizon_days  bigint NOT NULL,
    model_version text NOT NULL,
    fitted_until  date,
    feature_set   text NOT NULL,
    as_of_block   bigint NOT NULL,
    made_at       timestamp with time zone NOT NULL,
    PRIMARY KEY (chain_id, model, date, pool_address, target)
);
CREATE INDEX ON predictions (pool_address, date);
COMMENT ON TABLE predictions IS 'What models forecast from final days, a row a pool and target; written once';
COMMENT ON COLUMN predictions.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN predictions.model IS 'Who forecasts';
COMMENT ON COLUMN predictions.date IS 'The last UTC day that the model knew; the horizon begins with the next';
COMMENT ON COLUMN predictions.pool_address IS 'The pool''s contract';
COMMENT ON COLUMN predictions.target IS 'What is forecast: a column of daily_pool_features';
COMMENT ON COLUMN predictions.value IS 'The forecast: swaps, USD, or a yearly rate as a fraction';
COMMENT ON COLUMN predictions.interval_low IS 'Lower end of the 80 % interval; NULL below 100 matured forecasts';
COMMENT ON COLUMN predictions.interval_high IS 'Upper end of the 80 % interval; NULL likewise';
COMMENT ON COLUMN predictions.confidence IS 'Probability that the outcome lies within 25 % of the value; NULL likewise';
COMMENT ON COLUMN predictions.basis IS 'Whose errors these rest on: group (class and fifth by volume), class, all; NULL without them';
COMMENT ON COLUMN predictions.horizon_days IS 'Days from the date to the end of what is forecast';
COMMENT ON COLUMN predictions.model_version IS 'Version of the model; of a file the start of its SHA-256';
COMMENT ON COLUMN predictions.fitted_until IS 'The last day whose outcome it was fitted on; NULL where nothing is fitted';
COMMENT ON COLUMN predictions.feature_set IS 'Fingerprint of the definitions and lists of the features';
COMMENT ON COLUMN predictions.as_of_block IS 'The last block of the date';
COMMENT ON COLUMN predictions.made_at IS 'When the forecast was made';

CREATE TABLE mirror_runs (
    chain_id integer NOT NULL,
    model    text NOT NULL,
    date     date NOT NULL,
    rows     integer NOT NULL,
    made_at  timestamp with time zone NOT NULL,
    digest   bytea NOT NULL,
    PRIMARY KEY (chain_id, model, date)
);
COMMENT ON TABLE mirror_runs IS 'Digests of the forecasts in predictions, a model and day each';
COMMENT ON COLUMN mirror_runs.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN mirror_runs.model IS 'Who forecast';
COMMENT ON COLUMN mirror_runs.date IS 'The last UTC day that the model knew';
COMMENT ON COLUMN mirror_runs.rows IS 'Forecasts, a pool and target each';
COMMENT ON COLUMN mirror_runs.made_at IS 'When they were made';
COMMENT ON COLUMN mirror_runs.digest IS 'SHA-256 over the rows, a line each, by pool address and target';
