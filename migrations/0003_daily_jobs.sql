-- How the daily job went.

CREATE TABLE daily_jobs (
    chain_id integer NOT NULL,
    date     date NOT NULL,
    due_at   timestamp with time zone NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    attempts integer NOT NULL,
    complete boolean,
    steps    text NOT NULL,
    PRIMARY KEY (chain_id, date)
);
COMMENT ON TABLE daily_jobs IS 'The daily job of each UTC day: whether the day is complete, and how the job went';
COMMENT ON COLUMN daily_jobs.chain_id IS 'EIP-155 chain id';
COMMENT ON COLUMN daily_jobs.date IS 'The UTC day that it is about';
COMMENT ON COLUMN daily_jobs.due_at IS 'When it was due';
COMMENT ON COLUMN daily_jobs.begun_at IS 'When it was first begun';
COMMENT ON COLUMN daily_jobs.ended_at IS 'When it ended; NULL: it goes on';
COMMENT ON COLUMN daily_jobs.attempts IS 'Processes that have worked on it';
COMMENT ON COLUMN daily_jobs.complete IS 'Whether the day is all there, by its blocks and digests; NULL while that is not known';
COMMENT ON COLUMN daily_jobs.steps IS 'A line a step: its name, its seconds in parentheses once it has ended, what it did or waits for';
