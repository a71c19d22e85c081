import { useEffect, useRef, useState, type ReactElement } from "react";
import type { Event } from "#openapi";
import { call } from "../../api/client";
import { session } from "../../api/session";
import { Page } from "../../app/page";
import { useOnline } from "../../app/shell";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { usePagedList, useResource } from "../../state/resource";
import { useStore } from "../../state/store";
import { Button, classes, Spinner, TextField } from "../../ui/controls";
import { Badge, Empty, ErrorNotice, errorText, Notice, Skeleton } from "../../ui/feedback";
import { Icon } from "../../ui/icons";
import { Forbidden } from "../organiser/forbidden";
import { canScan, scanByCamera } from "./camera";
import type { Verdict } from "./checker";
import { keepAtHand } from "./offline";
import type { CheckedScan } from "./queue";
import { useGate } from "./use-gate";

export function Gate({ id }: { id: string | undefined }): ReactElement {
    const state = useStore(session);
    useEffect(keepAtHand, []);
    const role = state.kind === "signedIn"
        ? state.account.role
        : state.kind === "unknown" ? state.unanswered : undefined;
    if (role !== "admin") return <Forbidden />;
    return id === undefined ? <Choose /> : <Scanning id={id} />;
}

function Choose(): ReactElement {
    const words = useWords();
    const { t } = words;
    const events = usePagedList<Event>("gate", (cursor, signal) =>
        call("listEvents", { as: "none", signal, query: { limit: 50, ...(cursor === undefined ? {} : { cursor }) } }),
    );
    return (
        <Page title={t("gate.title")} lead={<p>{t("gate.choose")}</p>} width="narrow">
            {events.error !== undefined && <ErrorNotice error={events.error} onRetry={events.reload} />}
            {events.items === undefined && events.error === undefined && <Skeleton lines={5} />}
            {events.items?.length === 0 && <Empty icon="calendar" title={t("events.none")} />}
            <ul className="order-list">
                {events.items?.map((event) => (
                    <li key={event.id}>
                        <Link to="gate" parameters={{ id: event.id }} className="order-row">
                            <span className="order-what">
                                <strong>{event.title}</strong>
                                <span className="hint">{words.dateTime(event.eventDate)} · {event.venue}</span>
                            </span>
                            <Icon name="arrow" />
                        </Link>
                    </li>
                ))}
            </ul>
            {events.hasMore && (
                <div className="more">
                    <Button isBusy={events.isLoadingMore} onClick={events.loadMore}>{t("app.more")}</Button>
                </div>
            )}
        </Page>
    );
}

const NAME = "onsale.gate.name";

function storedName(): string {
    try {
        return localStorage.getItem(NAME) ?? "";
    } catch {
        return "";
    }
}

function Scanning({ id }: { id: string }): ReactElement {
    const { t } = useWords();
    const isOnline = useOnline();
    const { value: event } = useResource(id, (signal) => call("event", { as: "none", path: { id }, signal }));
    const [name, setName] = useState(storedName);
    const gate = useGate(id, name.trim());
    const [text, setText] = useState("");
    const input = useRef<HTMLInputElement>(null);

    // A keyboard-wedge scanner types wherever the focus is; so it belongs into the field, whatever was clicked.
    useEffect(() => {
        function typed(key: KeyboardEvent): void {
            const target = key.target as HTMLElement;
            if (key.ctrlKey || key.metaKey || key.altKey || key.key.length !== 1) return;
            if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement ||
                target instanceof HTMLTextAreaElement) return;
            input.current?.focus();
        }
        window.addEventListener("keydown", typed);
        input.current?.focus();
        return () => window.removeEventListener("keydown", typed);
    }, []);

    const admitted = gate.history.filter((scan) => scan.answer.result === "admitted").length;
    return (
        <Page
            title={event?.title ?? t("gate.title")} width="narrow" lead={<p>{t("gate.count", { count: admitted })}</p>}
            actions={<Link to="gates" className="button secondary">{t("gate.other")}</Link>}
        >
            {!isOnline && <Notice tone="warning" role="alert" icon="wifiOff">{t("gate.offline")}</Notice>}
            {gate.waiting.length > 0 && (
                <Notice tone="warning" role="status" icon="clock">
                    {t("gate.queue", { count: gate.waiting.length })}
                </Notice>
            )}
            <VerdictView verdict={gate.verdict} />
            <form
                className="scan" onSubmit={(event) => {
                    event.preventDefault();
                    if (text.trim() === "") return;
                    gate.scan(text);
                    setText("");
                }}
            >
                <div className="field">
                    <label htmlFor="scan-code">{t("gate.code")}</label>
                    <input
                        ref={input} id="scan-code" value={text} autoComplete="off" autoCapitalize="characters"
                        spellCheck={false}
                        placeholder={t("gate.code.hint")} onChange={(event) => setText(event.target.value)}
                    />
                </div>
                <Button look="primary" type="submit">{t("gate.check")}</Button>
            </form>
            <Camera onCode={gate.scan} />
            <TextField
                label={t("gate.name")}
                hint={t("gate.name.hint")}
                isOptional
                maxLength={100}
                value={name}
                onChange={(event) => {
                    setName(event.target.value);
                    try {
                        localStorage.setItem(NAME, event.target.value);
                    } catch {
                        // It then lasts as long as the page.
                    }
                }}
            />
            <section>
                <h2>{t("gate.history")}</h2>
                {gate.history.length === 0 ? <p className="hint">{t("gate.history.none")}</p> : (
                    <ul className="rows">{gate.history.map((scan) => <HistoryRow key={scan.nonce} scan={scan} />)}</ul>
                )}
            </section>
        </Page>
    );
}

function VerdictView({ verdict }: { verdict: Verdict }): ReactElement {
    const words = useWords();
    const { t } = words;
    switch (verdict.kind) {
        case "ready": return <Answer tone="calm" title={t("gate.ready")} text={t("gate.ready.text")} />;
        case "checking": return <Answer tone="calm" title={t("gate.checking")} text={verdict.code} isBusy />;
        case "malformed": return <Answer tone="no" title={t("gate.refused")} text={t("gate.result.malformed")} />;
        case "queued": return <Answer tone="unsure" title={t("gate.queued")} text={t("gate.queued.text")} />;
        case "full": return <Answer tone="unsure" title={t("gate.queued")} text={t("gate.full.text")} />;
        case "failed": return <Answer tone="unsure" title={t("gate.queued")} text={errorText(verdict.error, words)} />;
        case "checked": {
            const { answer } = verdict.scan;
            if (answer.result !== "admitted") return (
                <Answer tone="no" title={t("gate.refused")} text={resultText(verdict.scan, words)} />
            );
            const who = [
                answer.holderName,
                answer.ticketNumber !== undefined && answer.ticketCount !== undefined
                    ? t("ticket.of", { number: answer.ticketNumber, count: answer.ticketCount })
                    : undefined,
            ].filter(Boolean).join(" · ");
            return <Answer tone="yes" title={t("gate.admitted")} text={who === "" ? t("gate.result.admitted") : who} />;
        }
    }
}

function resultText({ answer }: CheckedScan, { t, clock, short }: ReturnType<typeof useWords>): string {
    if (answer.result !== "already_used") return t(`gate.result.${answer.result}`);
    const used = new Date(answer.usedAt ?? 0);
    const isToday = used.toDateString() === new Date().toDateString();
    const when = answer.usedAt === undefined ? "" : isToday ? clock(used) : short(used);
    const key = isToday ? "gate.result.already_used" : "gate.result.already_used.earlier";
    return answer.gate === undefined ? t(key, { when }) : t(`${key}.gate`, { when, gate: answer.gate });
}

/** To be read from two steps away, in the sun, by whoever cannot tell red from green: by size, sign and word. */
function Answer({ tone, title, text, isBusy = false }: {
    tone: "calm" | "yes" | "no" | "unsure"; title: string; text: string; isBusy?: boolean;
}): ReactElement {
    return (
        <div className={classes("verdict", tone)} role="status" aria-live="assertive">
            {isBusy
                ? <Spinner />
                : (
                    <Icon
                        name={tone === "yes"
                            ? "check"
                            : tone === "no" ? "cross"
                            : tone === "unsure" ? "wifiOff"
                            : "gate"}
                        size={72}
                    />
                )}
            <p className="verdict-title">{title}</p>
            <p className="verdict-text">{text}</p>
        </div>
    );
}

function HistoryRow({ scan }: { scan: CheckedScan }): ReactElement {
    const words = useWords();
    const { t } = words;
    const isIn = scan.answer.result === "admitted";
    return (
        <li>
            <span><code>…{scan.code.slice(-6)}</code> {scan.answer.holderName}</span>
            <span className="hint">{words.clock(scan.at)}{scan.isLate && ` · ${t("gate.late")}`}</span>
            <Badge tone={isIn ? "good" : "bad"}>{isIn ? t("gate.admitted") : resultText(scan, words)}</Badge>
        </li>
    );
}

function Camera({ onCode }: { onCode: (text: string) => void }): ReactElement | null {
    const { t } = useWords();
    const [isPossible, setPossible] = useState<boolean | undefined>(undefined);
    const [isOn, setOn] = useState(false);
    const [isDenied, setDenied] = useState(false);
    const video = useRef<HTMLVideoElement>(null);
    const tell = useRef(onCode);
    tell.current = onCode;
    useEffect(() => {
        void canScan().then(setPossible);
    }, []);
    useEffect(() => {
        if (!isOn || video.current === null) return undefined;
        const abort = new AbortController();
        scanByCamera(video.current, (text) => tell.current(text), abort.signal).catch(() => {
            setDenied(true);
            setOn(false);
        });
        return () => abort.abort();
    }, [isOn]);
    if (isPossible === undefined) return null;
    if (!isPossible) return <p className="hint">{t("gate.camera.none")}</p>;
    return (
        <div className="camera">
            {isDenied && <Notice tone="warning" role="alert" icon="camera">{t("gate.camera.denied")}</Notice>}
            {isOn && <video ref={video} muted playsInline />}
            <Button icon="camera" onClick={() => { setDenied(false); setOn(!isOn); }}>
                {t(isOn ? "gate.camera.stop" : "gate.camera")}
            </Button>
        </div>
    );
}
