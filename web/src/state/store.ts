import { useSyncExternalStore } from "react";

/**
 * A value that can be watched. All state that outlives a component is in stores; what belongs to one component is in
 * its `useState`. There is no other kind.
 */
export interface Store<Value> {
    get(): Value;
    set(value: Value | ((before: Value) => Value)): void;
    watch(listener: () => void): () => void;
}

export function createStore<Value>(initial: Value): Store<Value> {
    let value = initial;
    const listeners = new Set<() => void>();
    return {
        get: () => value,
        set(next) {
            const after = typeof next === "function" ? (next as (before: Value) => Value)(value) : next;
            if (Object.is(after, value)) return;
            value = after;
            for (const listener of [...listeners]) listener();
        },
        watch(listener) {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}

export function useStore<Value>(store: Store<Value>): Value {
    return useSyncExternalStore(store.watch, store.get);
}
