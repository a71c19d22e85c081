-- The words of a text as they are searched for: in small letters, without accents, with one blank between them. Used on
-- both sides, on an event's texts and on what somebody looks for. What is left has letters, digits and blanks only, so
-- it can stand in a query without quotes.
CREATE FUNCTION search_words(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(
        regexp_replace(lower(normalize($1, NFKD) COLLATE "und-x-icu"), '[\u0300-\u036f]', '', 'g'),
        '[^[:alnum:]]+', ' ', 'g'))
$$;

-- An index on the expression and no column: the row of an event is written anew by each batch of a sale, and should not
-- grow by a list of its words.
CREATE INDEX events_search ON events
    USING gin (to_tsvector('simple', search_words(title || ' ' || venue || ' ' || description)));

-- An event's orders are listed and exported in pages by time. Filling a table of 200,000 orders took as long with this
-- index as with the one on the event alone.
CREATE INDEX ticket_orders_of_event ON ticket_orders (event_id, created_at, id);
DROP INDEX ticket_orders_event;

-- Who did something is kept also when the account is gone.
ALTER TABLE audit_log DROP CONSTRAINT audit_log_actor_id_fkey;
CREATE INDEX audit_log_subject ON audit_log (subject, id);
CREATE INDEX audit_log_actor ON audit_log (actor_id, id);
