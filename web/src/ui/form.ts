import { useState, type FormEvent } from "react";
import { ApiError } from "../api/problem";

export interface FormState {
    isBusy: boolean;
    /** Messages by field: what the form found itself, or the server. */
    errors: Readonly<Record<string, string>>;
    /** What is wrong with the whole. */
    error: ApiError | undefined;
    submit(event: FormEvent<HTMLFormElement>): void;
}

/**
 * Checks a form, sends it, and leads the focus to the first field that is wrong.
 *
 * @param check Messages by field; none: it may be sent.
 */
export function useForm(check: () => Record<string, string>, send: () => Promise<void>): FormState {
    const [isBusy, setBusy] = useState(false);
    const [errors, setErrors] = useState<Record<string, string>>({});
    const [error, setError] = useState<ApiError | undefined>(undefined);

    function submit(event: FormEvent<HTMLFormElement>): void {
        event.preventDefault();
        if (isBusy) return;
        const form = event.currentTarget;
        const found = check();
        setErrors(found);
        setError(undefined);
        if (Object.keys(found).length > 0) {
            focusWrong(form);
            return;
        }
        setBusy(true);
        send()
            .catch((failure: unknown) => {
                const problem = ApiError.of(failure);
                setError(problem);
                setErrors(problem.fields);
                focusWrong(form);
            })
            .finally(() => setBusy(false));
    }
    return { isBusy, errors, error, submit };
}

function focusWrong(form: HTMLFormElement): void {
    // After the messages are there.
    setTimeout(() => form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus(), 0);
}
