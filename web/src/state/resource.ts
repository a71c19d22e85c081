import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../api/problem";

/**
 * What a view shows of something that has to be fetched. An older value stays while a newer one is fetched or fails.
 */
export interface Resource<Value> {
    value: Value | undefined;
    error: ApiError | undefined;
    isLoading: boolean;
    reload(): void;
    /** Puts a value in its place that the caller got otherwise. */
    replace(value: Value): void;
}

/**
 * Fetches when `key` changes and, with `everyMs`, again and again while the page is visible; each time after the one
 * before has ended. After a failure the pause doubles, up to a minute.
 *
 * @param key What is fetched; another key forgets the value. `undefined` fetches nothing.
 */
export function useResource<Value>(
    key: string | undefined,
    load: (signal: AbortSignal) => Promise<Value>,
    everyMs?: number,
): Resource<Value> {
    const [state, setState] = useState<{
        key: string | undefined; value: Value | undefined; error: ApiError | undefined;
    }>({
        key,
        value: undefined,
        error: undefined,
    });
    const [round, setRound] = useState(0);
    const loader = useRef(load);
    loader.current = load;

    useEffect(() => {
        if (key === undefined) return undefined;
        const abort = new AbortController();
        let timer: ReturnType<typeof setTimeout> | undefined;
        let failures = 0;
        let isRunning = false;
        async function run(): Promise<void> {
            isRunning = true;
            try {
                const value = await loader.current(abort.signal);
                failures = 0;
                if (!abort.signal.aborted) setState({ key, value, error: undefined });
            } catch (error) {
                if (abort.signal.aborted) return;
                failures += 1;
                const problem = ApiError.of(error);
                setState((before) => ({ key, value: before.key === key ? before.value : undefined, error: problem }));
            } finally {
                isRunning = false;
            }
            if (everyMs !== undefined && !abort.signal.aborted) {
                const pause = Math.min(everyMs * 2 ** Math.min(failures, 6), Math.max(60_000, everyMs));
                // Thousands who opened a page at the same moment must not go on asking at the same moments.
                timer = setTimeout(next, pause * (0.85 + Math.random() * 0.3));
            }
        }
        function next(): void {
            timer = undefined;
            // A hidden page asks again when it is looked at.
            if (document.visibilityState === "visible") void run();
        }
        function wake(): void {
            if (document.visibilityState === "visible" && timer === undefined && !isRunning) void run();
        }
        void run();
        if (everyMs !== undefined) document.addEventListener("visibilitychange", wake);
        return () => {
            abort.abort();
            clearTimeout(timer);
            document.removeEventListener("visibilitychange", wake);
        };
    }, [key, everyMs, round]);

    const reload = useCallback(() => setRound((before) => before + 1), []);
    const replace = useCallback((value: Value) => setState({ key, value, error: undefined }), [key]);
    const isCurrent = state.key === key;
    const value = isCurrent ? state.value : undefined;
    const error = isCurrent ? state.error : undefined;
    return { value, error, isLoading: value === undefined && error === undefined, reload, replace };
}

/** A list that is fetched page by page. */
export interface PagedList<Item> {
    items: Item[] | undefined;
    error: ApiError | undefined;
    hasMore: boolean;
    isLoadingMore: boolean;
    loadMore(): void;
    reload(): void;
    update(change: (items: Item[]) => Item[]): void;
}

/** @param key What is listed, filters included; another key begins anew, and the old items stay until then. */
export function usePagedList<Item>(
    key: string,
    load: (cursor: string | undefined, signal: AbortSignal) => Promise<{ items: Item[]; nextCursor?: string }>,
): PagedList<Item> {
    const [state, setState] = useState<{
        items: Item[] | undefined; next: string | undefined; error: ApiError | undefined;
    }>({
        items: undefined,
        next: undefined,
        error: undefined,
    });
    const [isLoadingMore, setLoadingMore] = useState(false);
    const [round, setRound] = useState(0);
    const loader = useRef(load);
    loader.current = load;
    const generation = useRef(0);

    useEffect(() => {
        const abort = new AbortController();
        generation.current += 1;
        setLoadingMore(false);
        loader
            .current(undefined, abort.signal)
            .then((page) => setState({ items: page.items, next: page.nextCursor, error: undefined }))
            .catch((error: unknown) => {
                if (!abort.signal.aborted) setState((before) => ({ ...before, error: ApiError.of(error) }));
            });
        return () => abort.abort();
    }, [key, round]);

    const loadMore = useCallback(() => {
        if (state.next === undefined || isLoadingMore) return;
        const own = generation.current;
        setLoadingMore(true);
        loader
            .current(state.next, new AbortController().signal)
            .then((page) => {
                if (own !== generation.current) return;
                setState((before) => ({
                    items: [...(before.items ?? []), ...page.items],
                    next: page.nextCursor,
                    error: undefined,
                }));
            })
            .catch((error: unknown) => {
                if (own === generation.current) setState((before) => ({ ...before, error: ApiError.of(error) }));
            })
            .finally(() => {
                if (own === generation.current) setLoadingMore(false);
            });
    }, [state.next, isLoadingMore]);

    const reload = useCallback(() => setRound((before) => before + 1), []);
    const update = useCallback(
        (change: (items: Item[]) => Item[]) =>
            setState((before) => ({ ...before, items: before.items && change(before.items) })),
        [],
    );
    return {
        items: state.items,
        error: state.error,
        hasMore: state.next !== undefined,
        isLoadingMore,
        loadMore,
        reload,
        update,
    };
}
