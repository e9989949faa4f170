-- Figures: what each request contributes, and the sums of it by day and month.

-- day is the day of receipt in Germany, counted from 1970-01-01. The counts are 0 or 1; the times are numbers of
-- buckets (src/figures/histogram.rs), NULL where it has not happened.
CREATE TABLE ticket_figures (
    ticket_id UUID NOT NULL PRIMARY KEY,
    day INTEGER NOT NULL,
    ars TEXT NOT NULL,
    service TEXT NOT NULL,
    category TEXT NOT NULL,
    origin TEXT NOT NULL,
    contact TEXT,
    answered INTEGER NOT NULL,
    in_time INTEGER NOT NULL,
    late INTEGER NOT NULL,
    escalated INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    acknowledge INTEGER,
    answer INTEGER
);
CREATE INDEX ticket_figures_ars ON ticket_figures (ars, day);
CREATE INDEX ticket_figures_service ON ticket_figures (service, day);
CREATE INDEX ticket_figures_contact ON ticket_figures (contact, day) WHERE contact IS NOT NULL;
CREATE INDEX ticket_figures_day ON ticket_figures (day);

-- region: '' for all, two digits for a Land, or a whole ARS. span: day or month, with its first day.
CREATE TABLE daily_figures (
    region TEXT NOT NULL,
    dimension TEXT NOT NULL,
    span TEXT NOT NULL,
    day INTEGER NOT NULL,
    value TEXT NOT NULL,
    received INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    in_time INTEGER NOT NULL,
    late INTEGER NOT NULL,
    escalated INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    acknowledge TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (region, dimension, span, day, value)
);

-- How far the histories were read; one row, whose lock is the right to write figures.
CREATE TABLE figures_cursor (
    id INTEGER NOT NULL PRIMARY KEY,
    history UUID NOT NULL
);
INSERT INTO figures_cursor (id, history) VALUES (1, '00000000-0000-0000-0000-000000000000');
