import type { ReactElement } from "react";
import type { AuditEntry } from "#openapi";
import { call } from "../../api/client";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { usePagedList } from "../../state/resource";
import { Button, TextField } from "../../ui/controls";
import { Empty, ErrorNotice, Skeleton } from "../../ui/feedback";
import { useTyped } from "./organise-page";
import { OrganiseTabs } from "./tabs";

export function AuditPage(): ReactElement {
    const words = useWords();
    const { t } = words;
    const [typed, action, setTyped] = useTyped();
    const entries = usePagedList<AuditEntry>(`audit|${action}`, (cursor, signal) =>
        call("listAuditLog", {
            signal,
            query: { limit: 50, ...(action === "" ? {} : { action }), ...(cursor === undefined ? {} : { cursor }) },
        }),
    );
    return (
        <Page title={t("audit.title")} width="wide">
            <OrganiseTabs here="audit" />
            <div className="filter">
                <TextField
                    label={t("audit.filter")} type="search" value={typed} maxLength={150}
                    onChange={(event) => setTyped(event.target.value)}
                />
            </div>
            {entries.error !== undefined && <ErrorNotice error={entries.error} onRetry={entries.reload} />}
            {entries.items === undefined && entries.error === undefined && <Skeleton lines={8} />}
            {entries.items?.length === 0 && <Empty icon="list" title={t("audit.none")} />}
            {entries.items !== undefined && entries.items.length > 0 && (
                <div className="table-frame" tabIndex={0} role="region" aria-label={t("audit.title")}>
                    <table className="data">
                        <thead>
                            <tr>
                                <th scope="col">{t("audit.when")}</th>
                                <th scope="col">{t("audit.action")}</th>
                                <th scope="col">{t("audit.who")}</th>
                                <th scope="col">{t("audit.what")}</th>
                                <th scope="col">{t("audit.change")}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {entries.items.map((entry) => (
                                <tr key={entry.id}>
                                    <td>{words.short(entry.at)}</td>
                                    <th scope="row"><code>{entry.action}</code></th>
                                    <td>
                                        <span className="ellipsis">
                                            {entry.actor === undefined
                                                ? t("audit.operator")
                                                : entry.actor.email ?? entry.actor.id}
                                        </span>
                                    </td>
                                    <td><code className="ellipsis">{entry.subject}</code></td>
                                    <td><Changes before={entry.before} after={entry.after} /></td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
            {entries.hasMore && (
                <div className="more">
                    <Button isBusy={entries.isLoadingMore} onClick={entries.loadMore}>{t("app.more")}</Button>
                </div>
            )}
        </Page>
    );
}

/** So many changes stand there at once; more, as of something that was made, are opened. */
const FEW = 5;

function Changes({ before, after }: {
    before: AuditEntry["before"] | undefined; after: AuditEntry["after"] | undefined;
}): ReactElement {
    const { t } = useWords();
    const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort();
    if (fields.length === 0) return <>–</>;
    const list = (
        <ul className="changes">
            {fields.map((field) => (
                <li key={field}>
                    <span className="hint">{field}</span>{" "}
                    {before !== undefined && field in before && <del>{shown(before[field])}</del>}{" "}
                    {after !== undefined && field in after && <ins>{shown(after[field])}</ins>}
                </li>
            ))}
        </ul>
    );
    if (fields.length <= FEW) return list;
    return (
        <details className="details">
            <summary>{t("audit.fields", { count: fields.length })}</summary>
            {list}
        </details>
    );
}

function shown(value: unknown): string {
    return typeof value === "string" ? value : JSON.stringify(value) ?? "–";
}
