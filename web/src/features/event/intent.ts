import type { PurchaseAccepted } from "#openapi";

/**
 * A buyer's decision to buy, made at the click and kept until what became of it is known. Its key is what makes a
 * retry, a reload and a second tab the same order.
 */
export interface Intent {
    key: string;
    eventId: string;
    userId: string;
    quantity: number;
    /** Undefined: the provider's standard method. */
    paymentMethod?: string;
    /** Milliseconds since 1970. */
    madeAt: number;
    /** False as long as it cannot have been accepted: it was never sent, or what was sent was refused by its key. */
    isSent?: boolean;
    /** The buyer has stopped it: it is sent again only when they say so. */
    isStopped?: boolean;
    /** Once it was accepted. */
    orderId?: string;
    /** Puts the order back, should the service lose it. */
    receipt?: string;
}

/** Where intents are kept; a `Storage` is one. */
export interface IntentStorage {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
}

/** An unanswered intent older than this is not sent by itself any more: nobody expects to buy by opening a laptop. */
const FRESH_MS = 10 * 60_000;

export class Intents {
    constructor(
        private readonly storage: IntentStorage,
        private readonly now: () => number = Date.now,
        private readonly newKey: () => string = randomKey,
    ) {}

    static placeOf(userId: string, eventId: string): string {
        return `onsale.intent.${userId}.${eventId}`;
    }

    find(userId: string, eventId: string): Intent | undefined {
        const text = this.storage.getItem(Intents.placeOf(userId, eventId));
        if (text === null) return undefined;
        try {
            const intent = JSON.parse(text) as Partial<Intent>;
            const isWhole =
                typeof intent.key === "string" && intent.userId === userId && intent.eventId === eventId &&
                typeof intent.quantity === "number" && typeof intent.madeAt === "number";
            return isWhole ? (intent as Intent) : undefined;
        } catch {
            return undefined;
        }
    }

    /** The intent that is under way, whatever its quantity, or else a new one. To be called in turn by all tabs. */
    findOrMake(userId: string, eventId: string, quantity: number, paymentMethod: string | undefined): Intent {
        const known = this.find(userId, eventId);
        if (known !== undefined) return known;
        const intent: Intent = {
            key: this.newKey(), eventId, userId, quantity, madeAt: this.now(), isSent: false,
            ...(paymentMethod === undefined ? {} : { paymentMethod }),
        };
        this.keep(intent);
        return intent;
    }

    /** The intent that an order was made by, as long as it has not ended. */
    ofOrder(userId: string, orderId: string): Intent | undefined {
        const eventId = this.storage.getItem(`onsale.order.${orderId}`);
        const intent = eventId === null ? undefined : this.find(userId, eventId);
        return intent?.orderId === orderId ? intent : undefined;
    }

    /** What is kept of an intent now; undefined when it has ended, here or in another tab. */
    current(intent: Intent): Intent | undefined {
        const kept = this.find(intent.userId, intent.eventId);
        return kept?.key === intent.key ? kept : undefined;
    }

    /** It is about to be sent, and from now on may have been accepted. */
    sent(intent: Intent): void {
        this.keep({ ...intent, isSent: true });
    }

    /** What was sent was refused by its key, and it goes on waiting. */
    unsent(intent: Intent): void {
        const kept = this.current(intent);
        if (kept !== undefined && kept.orderId === undefined) this.keep({ ...kept, isSent: false });
    }

    /** The buyer wants it no more: one that cannot have been accepted ends, any other only rests. */
    stop(intent: Intent): void {
        const kept = this.current(intent);
        if (kept === undefined || kept.orderId !== undefined) return;
        if (kept.isSent === false) this.end(kept);
        else this.keep({ ...kept, isStopped: true });
    }

    /** The buyer wants it again. */
    resume(intent: Intent): Intent {
        const resumed = { ...intent };
        delete resumed.isStopped;
        if (this.current(intent) !== undefined) this.keep(resumed);
        return resumed;
    }

    accepted(intent: Intent, answer: PurchaseAccepted): Intent {
        const accepted: Intent = { ...intent, isSent: true, orderId: answer.orderId };
        if (answer.receipt !== undefined) accepted.receipt = answer.receipt;
        this.keep(accepted);
        this.storage.setItem(`onsale.order.${answer.orderId}`, intent.eventId);
        return accepted;
    }

    /** It has come to an end, good or bad. Another tab may have begun the next one meanwhile: that stays. */
    end(intent: Intent): void {
        if (intent.orderId !== undefined) this.storage.removeItem(`onsale.order.${intent.orderId}`);
        if (this.find(intent.userId, intent.eventId)?.key === intent.key) {
            this.storage.removeItem(Intents.placeOf(intent.userId, intent.eventId));
        }
    }

    /** Whether it is sent without another click. */
    isFresh(intent: Intent): boolean {
        return intent.isStopped !== true && this.now() - intent.madeAt < FRESH_MS;
    }

    private keep(intent: Intent): void {
        this.storage.setItem(Intents.placeOf(intent.userId, intent.eventId), JSON.stringify(intent));
    }
}

/** 128 random bits; `crypto.randomUUID` is there in secure contexts only. */
export function randomKey(): string {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Storage that may be switched off: then an intent lives as long as the page. */
export function safeStorage(): IntentStorage {
    const memory = new Map<string, string>();
    return {
        getItem(key) {
            try {
                // What could not be stored is newer than what is.
                return memory.get(key) ?? localStorage.getItem(key);
            } catch {
                return memory.get(key) ?? null;
            }
        },
        setItem(key, value) {
            memory.set(key, value);
            try {
                localStorage.setItem(key, value);
                memory.delete(key);
            } catch {
                // It stays in memory.
            }
        },
        removeItem(key) {
            memory.delete(key);
            try {
                localStorage.removeItem(key);
            } catch {
                // It was in memory only.
            }
        },
    };
}

export const intents = new Intents(safeStorage());
