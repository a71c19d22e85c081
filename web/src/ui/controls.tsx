import {
    useId, useLayoutEffect, useRef, useState, type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactElement,
    type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes,
} from "react";
import { useWords } from "../i18n";
import { Icon, type IconName } from "./icons";

export type Look = "primary" | "secondary" | "quiet" | "danger";

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
    look?: Look;
    icon?: IconName;
    /** Something is under way: it can be seen and focused but not pressed again. */
    isBusy?: boolean;
    isWide?: boolean;
};

export function Button({
    look = "secondary", icon, isBusy = false, isWide = false, children, onClick, className, ...rest
}: ButtonProps): ReactElement {
    return (
        <button
            type="button" className={classes("button", look, isWide && "wide", isBusy && "busy", className)}
            aria-disabled={isBusy || undefined} onClick={(event) => {
                if (isBusy) event.preventDefault();
                else onClick?.(event);
            }}
            {...rest}
        >
            {isBusy ? <Spinner /> : icon !== undefined && <Icon name={icon} />}
            {children !== undefined && <span>{children}</span>}
        </button>
    );
}

export function classes(...names: ReadonlyArray<string | false | undefined>): string {
    return names.filter(Boolean).join(" ");
}

export function Spinner(): ReactElement {
    return <span className="spinner" aria-hidden="true" />;
}

interface FieldProps {
    label: string;
    hint?: string | undefined;
    error?: string | undefined;
    isOptional?: boolean;
}

/** A control with its label, hint and error, tied together for whoever hears them. */
function Field({
    label, hint, error, isOptional = false, children,
}: FieldProps & { children: (ids: { id: string; describedBy: string | undefined }) => ReactNode }): ReactElement {
    const id = useId();
    const { t } = useWords();
    const described = classes(hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`);
    return (
        <div className={classes("field", error !== undefined && "wrong")}>
            <label htmlFor={id}>
                {label}
                {isOptional && <span className="optional"> {t("app.optional")}</span>}
            </label>
            {children({ id, describedBy: described === "" ? undefined : described })}
            {hint !== undefined && <p className="hint" id={`${id}-hint`}>{hint}</p>}
            {error !== undefined && (
                <p className="error" id={`${id}-error`}><Icon name="warning" size={16} /> {error}</p>
            )}
        </div>
    );
}

export function TextField({
    label, hint, error, isOptional, ...rest
}: FieldProps & InputHTMLAttributes<HTMLInputElement>): ReactElement {
    return (
        <Field {...{ label, hint, error }} isOptional={isOptional ?? false}>
            {({ id, describedBy }) => (
                <input
                    id={id} aria-describedby={describedBy} aria-invalid={error !== undefined || undefined} {...rest}
                />
            )}
        </Field>
    );
}

export function PasswordField({
    label, hint, error, ...rest
}: FieldProps & InputHTMLAttributes<HTMLInputElement>): ReactElement {
    const { t } = useWords();
    const [isShown, setShown] = useState(false);
    return (
        <Field {...{ label, hint, error }}>
            {({ id, describedBy }) => (
                <div className="with-button">
                    <input
                        id={id} type={isShown ? "text" : "password"} aria-describedby={describedBy}
                        aria-invalid={error !== undefined || undefined} {...rest}
                    />
                    <button
                        type="button" className="inside" aria-pressed={isShown}
                        aria-label={t(isShown ? "account.password.hide" : "account.password.show")}
                        onClick={() => setShown(!isShown)}
                    >
                        <Icon name="eye" />
                    </button>
                </div>
            )}
        </Field>
    );
}

export function TextArea({
    label, hint, error, isOptional, ...rest
}: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement>): ReactElement {
    return (
        <Field {...{ label, hint, error }} isOptional={isOptional ?? false}>
            {({ id, describedBy }) => (
                <textarea
                    id={id} aria-describedby={describedBy} aria-invalid={error !== undefined || undefined} {...rest}
                />
            )}
        </Field>
    );
}

export function Select({
    label, hint, error, children, ...rest
}: FieldProps & SelectHTMLAttributes<HTMLSelectElement>): ReactElement {
    return (
        <Field {...{ label, hint, error }}>
            {({ id, describedBy }) => (
                <select id={id} aria-describedby={describedBy} {...rest}>
                    {children}
                </select>
            )}
        </Field>
    );
}

/** A small number, by two buttons or by typing it. */
export function Stepper({ label, value, least, most, onChange, isDisabled = false }: {
    label: string; value: number; least: number; most: number; onChange: (value: number) => void; isDisabled?: boolean;
}): ReactElement {
    const { t } = useWords();
    const id = useId();
    const [text, setText] = useState<string | undefined>(undefined);
    function set(next: number): void {
        setText(undefined);
        onChange(Math.min(Math.max(next, least), most));
    }
    return (
        <div className="field stepper-field">
            <label htmlFor={id}>{label}</label>
            <div className="stepper">
                <button
                    type="button" aria-label={t("buy.fewer")} disabled={isDisabled || value <= least}
                    onClick={() => set(value - 1)}
                >
                    <Icon name="minus" />
                </button>
                <input
                    id={id} type="text" inputMode="numeric" autoComplete="off" role="spinbutton" aria-valuemin={least}
                    aria-valuemax={most}
                    aria-valuenow={value} value={text ?? String(value)} disabled={isDisabled}
                    onChange={(event) => {
                        setText(event.target.value.replace(/\D/g, "").slice(0, 3));
                        const number = Number(event.target.value);
                        if (Number.isInteger(number) && number >= least && number <= most) onChange(number);
                    }}
                    onBlur={() => setText(undefined)}
                    onKeyDown={(event) => {
                        if (event.key === "ArrowUp") { event.preventDefault(); set(value + 1); }
                        if (event.key === "ArrowDown") { event.preventDefault(); set(value - 1); }
                    }}
                />
                <button
                    type="button" aria-label={t("buy.more")} disabled={isDisabled || value >= most}
                    onClick={() => set(value + 1)}
                >
                    <Icon name="plus" />
                </button>
            </div>
        </div>
    );
}

/**
 * A question that has to be answered before anything else, by the browser's own dialog: it keeps the focus and ends by
 * Escape.
 */
export function Dialog({ title, children, onClose }: {
    title: string; children: ReactNode; onClose: () => void;
}): ReactElement {
    const { t } = useWords();
    const element = useRef<HTMLDialogElement>(null);
    const heading = useId();
    // Before the dialog is taken out of the page: only one that is in it gives the focus back as it closes.
    useLayoutEffect(() => {
        const dialog = element.current;
        if (dialog !== null && !dialog.open) dialog.showModal();
        return () => dialog?.close();
    }, []);
    return (
        <dialog
            ref={element} className="dialog" aria-labelledby={heading}
            onCancel={(event) => { event.preventDefault(); onClose(); }}
            onClick={(event) => { if (event.target === element.current) onClose(); }}
        >
            <div className="dialog-body">
                <header>
                    <h2 id={heading}>{title}</h2>
                    <button type="button" className="icon-button" aria-label={t("app.close")} onClick={onClose}>
                        <Icon name="cross" />
                    </button>
                </header>
                {children}
            </div>
        </dialog>
    );
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, text, confirm, keep, onConfirm, onClose, children, isBusy = false, error }: {
    title: string; text: string; confirm: string; keep?: string; onConfirm: () => void; onClose: () => void;
    children?: ReactNode; isBusy?: boolean; error?: string | undefined;
}): ReactElement {
    const { t } = useWords();
    return (
        <Dialog title={title} onClose={onClose}>
            <p>{text}</p>
            {children}
            {error !== undefined && <p className="error" role="alert"><Icon name="warning" size={16} /> {error}</p>}
            <div className="actions">
                <Button onClick={onClose}>{keep ?? t("app.cancel")}</Button>
                <Button look="danger" isBusy={isBusy} onClick={onConfirm}>{confirm}</Button>
            </div>
        </Dialog>
    );
}
