import { useEffect, useRef, useState, type DragEvent, type ReactElement, type ReactNode } from "react";
import type { Currency, Event } from "#openapi";
import { call } from "../../api/client";
import { ApiError } from "../../api/problem";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { go } from "../../router/location";
import { useResource } from "../../state/resource";
import { Button, classes, Confirm, Select, TextArea, TextField } from "../../ui/controls";
import { ErrorNotice, errorText, Notice, say, Skeleton } from "../../ui/feedback";
import { useForm } from "../../ui/form";
import { Icon } from "../../ui/icons";
import { EventImage } from "../events/event-image";
import { bodyOf, changesOf, currencies, draftOf, emptyDraft, faults, type Draft } from "./draft";
import { EventTabs } from "./tabs";
import { unfit, uploadImage, type UploadStep } from "./upload";

export function NewEventPage(): ReactElement {
    const words = useWords();
    const { t } = words;
    const [image, setImage] = useState<File | undefined>(undefined);
    const [step, setStep] = useState<UploadStep | undefined>(undefined);
    return (
        <Page title={t("edit.new")} width="narrow">
            <EventForm
                initial={emptyDraft} submit={t("edit.create")}
                image={<ImageChoice file={image} step={step} onChoose={setImage} />}
                onSubmit={async (draft) => {
                    const event = await call("createEvent", { body: bodyOf(draft) });
                    if (image !== undefined) {
                        try {
                            await uploadImage(event.id, image, setStep);
                        } catch (failure) {
                            // The event is there; only its image is not.
                            say(t("edit.image.failed", { reason: imageFailure(failure, words) }), "warning");
                        }
                        setStep(undefined);
                    }
                    go("dashboard", { id: event.id });
                }}
            />
        </Page>
    );
}

export function EditEventPage({ id }: { id: string }): ReactElement {
    const words = useWords();
    const { t } = words;
    const { value: event, error, reload, replace } = useResource(id, (signal) => call("event", {
        as: "none", path: { id }, signal, cache: "no-store",
    }));
    const [step, setStep] = useState<UploadStep | undefined>(undefined);
    if (event === undefined) return (
        <div className="page narrow">
            {error === undefined ? <Skeleton lines={8} /> : <ErrorNotice error={error} onRetry={reload} />}
        </div>
    );

    async function send(file: File | undefined): Promise<void> {
        if (file === undefined) return;
        try {
            replace(await uploadImage(id, file, setStep));
            say(t("edit.image.done"));
        } catch (failure) {
            say(t("edit.image.failed", { reason: imageFailure(failure, words) }), "bad");
        }
        setStep(undefined);
    }

    return (
        <Page title={t("edit.title")} heading={event.title} width="narrow">
            <EventTabs id={id} here="editEvent" />
            <EventForm
                key={event.updatedAt} initial={draftOf(event)} submit={t("app.save")}
                image={<ImageChoice event={event} file={undefined} step={step} onChoose={(file) => void send(file)} />}
                onSubmit={async (draft) => {
                    replace(await call("changeEvent", { path: { id }, body: changesOf(draft, event) }));
                    say(t("app.saved"));
                }}
            />
            <Endings event={event} onChange={replace} />
        </Page>
    );
}

function imageFailure(failure: unknown, words: ReturnType<typeof useWords>): string {
    const problem = ApiError.of(failure);
    return problem.code === "images_disabled"
        ? words.t("edit.image.disabled")
        : problem.code === "no_answer" ? problem.message
        : errorText(problem, words);
}

function EventForm({ initial, submit, image, onSubmit }: {
    initial: Draft; submit: string; image: ReactNode; onSubmit: (draft: Draft) => Promise<void>;
}): ReactElement {
    const words = useWords();
    const { t } = words;
    const [draft, setDraft] = useState(initial);
    const form = useForm(
        () => Object.fromEntries(Object.entries(faults(draft)).map(([field, fault]) => [field, t(`edit.${fault}`)])),
        () => onSubmit(draft),
    );
    const set = (field: keyof Draft) =>
        (event: { target: { value: string } }) => setDraft((before) => ({ ...before, [field]: event.target.value }));
    const error = (...fields: string[]): string | undefined => fields.map((field) => form.errors[field]).find(
        (message) => message !== undefined,
    );
    return (
        <form className="panel" onSubmit={form.submit} noValidate>
            {form.error !== undefined && <Notice tone="bad" role="alert">{errorText(form.error, words)}</Notice>}
            {image}
            <TextField
                label={t("edit.name")} required maxLength={200} value={draft.title} error={error("title")}
                onChange={set("title")}
            />
            <TextField
                label={t("edit.venue")} required maxLength={200} value={draft.venue} error={error("venue")}
                onChange={set("venue")}
            />
            <TextArea
                label={t("edit.description")} isOptional rows={5} maxLength={10_000} value={draft.description}
                error={error("description")} onChange={set("description")}
            />
            <TextField
                label={t("edit.date")} required type="datetime-local" value={draft.eventDate} error={error("eventDate")}
                onChange={set("eventDate")}
            />
            <div className="columns">
                <TextField
                    label={t("edit.price")} required inputMode="decimal" value={draft.price}
                    error={error("ticketPrice", "ticketPrice.amount", "ticketPrice.currency")} onChange={set("price")}
                />
                <Select
                    label={t("edit.currency")} value={draft.currency}
                    onChange={(event) => setDraft((before) => ({ ...before, currency: event.target.value as Currency }))}
                >
                    {currencies.map((code) => <option key={code}>{code}</option>)}
                </Select>
                <TextField
                    label={t("edit.total")} required inputMode="numeric" value={draft.totalTickets}
                    error={error("totalTickets")} onChange={set("totalTickets")}
                />
                <TextField
                    label={t("edit.limit")} required inputMode="numeric" value={draft.limitPerBuyer}
                    error={error("limitPerBuyer")} onChange={set("limitPerBuyer")}
                />
            </div>
            <div className="columns two">
                <TextField
                    label={t("edit.opens")} hint={t("edit.opens.hint")} type="datetime-local" value={draft.saleOpensAt}
                    error={error("saleOpensAt")} onChange={set("saleOpensAt")}
                />
                <TextField
                    label={t("edit.closes")} isOptional type="datetime-local" value={draft.saleClosesAt}
                    error={error("saleClosesAt")} onChange={set("saleClosesAt")}
                />
            </div>
            <div className="actions"><Button look="primary" type="submit" isBusy={form.isBusy}>{submit}</Button></div>
        </form>
    );
}

function ImageChoice({ event, file, step, onChoose }: {
    event?: Event; file: File | undefined; step: UploadStep | undefined; onChoose: (file: File | undefined) => void;
}): ReactElement {
    const { t, percent } = useWords();
    const input = useRef<HTMLInputElement>(null);
    const [fault, setFault] = useState<"type" | "size" | undefined>(undefined);
    const [isOver, setOver] = useState(false);
    const preview = usePreview(file);
    function choose(chosen: File | undefined): void {
        if (chosen === undefined) return;
        const found = unfit(chosen);
        setFault(found);
        if (found === undefined) onChoose(chosen);
    }
    return (
        <div
            className={classes("image-choice", isOver && "over")}
            onDragOver={(drag: DragEvent) => { drag.preventDefault(); setOver(true); }} onDragLeave={() => setOver(
                false,
            )}
            onDrop={(drag: DragEvent) => { drag.preventDefault(); setOver(false); choose(drag.dataTransfer.files[0]); }}
        >
            <div className="event-picture">
                {preview !== undefined
                    ? <img className="poster" src={preview} alt="" />
                    : event !== undefined ? <EventImage event={event} isEager />
                    : <div className="poster none"><Icon name="image" size={40} /></div>}
            </div>
            <div className="image-controls">
                <label className="field-label" htmlFor="event-image">{t("edit.image")}</label>
                <input
                    ref={input} id="event-image" className="visually-hidden" type="file"
                    accept="image/png,image/jpeg,image/webp,image/avif" aria-describedby="event-image-hint"
                    onChange={(changed) => { choose(changed.target.files?.[0]); changed.target.value = ""; }}
                />
                <div className="actions">
                    <Button icon="image" isBusy={step !== undefined} onClick={() => input.current?.click()}>
                        {t("edit.image.choose")}
                    </Button>
                    <span className="hint">{t("edit.image.drop")}</span>
                </div>
                <p className="hint" id="event-image-hint">{t("edit.image.hint")}</p>
                <div role="status">
                    {step?.kind === "sending" && (
                        <>
                            <progress max={1} value={step.fraction} aria-label={t("edit.image")} />
                            <p className="hint">{t("edit.image.sending", { percent: percent(step.fraction) })}</p>
                        </>
                    )}
                    {step?.kind === "checking" && (
                        <><progress aria-label={t("edit.image")} /><p className="hint">{t("edit.image.checking")}</p></>
                    )}
                    {fault !== undefined && (
                        <p className="error"><Icon name="warning" size={16} /> {t(`edit.image.${fault}`)}</p>
                    )}
                </div>
            </div>
        </div>
    );
}

/** An address for a chosen file, for as long as it is shown. */
function usePreview(file: File | undefined): string | undefined {
    const [address, setAddress] = useState<string | undefined>(undefined);
    useEffect(() => {
        if (file === undefined) {
            setAddress(undefined);
            return undefined;
        }
        const made = URL.createObjectURL(file);
        setAddress(made);
        return () => URL.revokeObjectURL(made);
    }, [file]);
    return address;
}

function Endings({ event, onChange }: { event: Event; onChange: (event: Event) => void }): ReactElement | null {
    const words = useWords();
    const { t } = words;
    const [asked, setAsked] = useState<"delete" | "cancel" | undefined>(undefined);
    const [reason, setReason] = useState("");
    const [isBusy, setBusy] = useState(false);
    const [error, setError] = useState<string | undefined>(undefined);
    async function end(): Promise<void> {
        setBusy(true);
        setError(undefined);
        try {
            if (asked === "delete") {
                await call("deleteEvent", { path: { id: event.id } });
                go("organise");
                return;
            }
            onChange(
                await call("cancelEvent", {
                    path: { id: event.id }, body: reason.trim() === "" ? {} : { reason: reason.trim() },
                }),
            );
            setAsked(undefined);
        } catch (failure) {
            setError(errorText(ApiError.of(failure), words));
        }
        setBusy(false);
    }
    if (event.cancelledAt !== undefined) return (
        <Notice tone="bad" title={t("band.cancelled")}>{words.dateTime(event.cancelledAt)}</Notice>
    );
    return (
        <div className="actions endings">
            <Button look="quiet" className="danger-text" onClick={() => { setError(undefined); setAsked("cancel"); }}>
                {t("edit.cancel")}
            </Button>
            <Button look="quiet" className="danger-text" onClick={() => { setError(undefined); setAsked("delete"); }}>
                {t("edit.delete")}
            </Button>
            {asked === "delete" && (
                <Confirm
                    title={t("edit.delete")} text={t("edit.delete.ask")} confirm={t("edit.delete")} isBusy={isBusy}
                    error={error} onConfirm={() => void end()} onClose={() => setAsked(undefined)}
                />
            )}
            {asked === "cancel" && (
                <Confirm
                    title={t("edit.cancel")} text={t("edit.cancel.ask")} confirm={t("edit.cancel.confirm")}
                    keep={t("app.back")} isBusy={isBusy} error={error} onConfirm={() => void end()}
                    onClose={() => setAsked(undefined)}
                >
                    <TextField
                        label={t("edit.cancel.reason")} isOptional maxLength={500} value={reason}
                        onChange={(changed) => setReason(changed.target.value)}
                    />
                </Confirm>
            )}
        </div>
    );
}
