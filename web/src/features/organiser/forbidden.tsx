import type { ReactElement } from "react";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { Link } from "../../router/link";
import { Empty } from "../../ui/feedback";

export function Forbidden(): ReactElement {
    const { t } = useWords();
    return (
        <Page title={t("organise.forbidden")}>
            <Empty icon="user" title={t("organise.forbidden.text")}>
                <Link to="events" className="button primary">{t("app.toEvents")}</Link>
            </Empty>
        </Page>
    );
}
