import { Component, type ErrorInfo, type ReactElement, type ReactNode } from "react";
import { useWords } from "../i18n";
import { Button } from "../ui/controls";
import { Empty } from "../ui/feedback";

interface Properties {
    /** Another one tries again: the page one goes to is not broken because this one is. */
    place: string;
    children: ReactNode;
}

/** Keeps a fault in one page from taking the whole app with it. */
export class Boundary extends Component<Properties, { failedAt: string | undefined }> {
    override state: { failedAt: string | undefined } = { failedAt: undefined };

    static getDerivedStateFromError(): { failedAt: string } {
        return { failedAt: "" };
    }

    override componentDidCatch(error: Error, info: ErrorInfo): void {
        console.error("a page broke", error, info.componentStack);
        this.setState({ failedAt: this.props.place });
    }

    override componentDidUpdate(before: Properties): void {
        if (this.state.failedAt !== undefined && before.place !== this.props.place) this.setState({
            failedAt: undefined,
        });
    }

    override render(): ReactNode {
        return this.state.failedAt === undefined ? this.props.children : <Broken />;
    }
}

function Broken(): ReactElement {
    const { t } = useWords();
    return (
        <div className="page" role="alert">
            <Empty icon="warning" title={t("app.broken")}>
                <p>{t("app.broken.text")}</p>
                <Button look="primary" onClick={() => window.location.reload()}>{t("app.reload")}</Button>
            </Empty>
        </div>
    );
}
