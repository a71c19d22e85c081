import { useState, type ReactElement } from "react";
import type { Account, Role } from "#openapi";
import { call } from "../../api/client";
import { ApiError } from "../../api/problem";
import { session } from "../../api/session";
import { Page } from "../../app/page";
import { useWords } from "../../i18n";
import { usePagedList } from "../../state/resource";
import { useStore } from "../../state/store";
import { Button, Confirm, TextField } from "../../ui/controls";
import { Badge, Empty, ErrorNotice, errorText, say, Skeleton } from "../../ui/feedback";
import { useTyped } from "./organise-page";
import { OrganiseTabs } from "./tabs";

export function UsersPage(): ReactElement {
    const words = useWords();
    const { t } = words;
    const state = useStore(session);
    const own = state.kind === "signedIn" ? state.account.id : "";
    const [typed, q, setTyped] = useTyped();
    const [busy, setBusy] = useState<string | undefined>(undefined);
    const [asked, setAsked] = useState<{ account: Account; role: Role } | undefined>(undefined);
    const users = usePagedList<Account>(`users|${q}`, (cursor, signal) =>
        call("listUsers", {
            signal, query: { limit: 50, ...(q === "" ? {} : { q }), ...(cursor === undefined ? {} : { cursor }) },
        }),
    );
    async function setRole(account: Account, role: Role): Promise<void> {
        setBusy(account.id);
        try {
            const changed = await call("changeUser", { path: { id: account.id }, body: { role } });
            users.update((items) => items.map((each) => (each.id === changed.id ? changed : each)));
            say(t("users.changed", { email: changed.email, role: t(`users.role.${changed.role}`) }));
        } catch (failure) {
            say(errorText(ApiError.of(failure), words), "bad");
        }
        setBusy(undefined);
        setAsked(undefined);
    }
    return (
        <Page title={t("users.title")} width="wide">
            <OrganiseTabs here="users" />
            <div className="filter">
                <TextField
                    label={t("users.search")} type="search" value={typed} maxLength={150}
                    onChange={(event) => setTyped(event.target.value)}
                />
            </div>
            {users.error !== undefined && <ErrorNotice error={users.error} onRetry={users.reload} />}
            {users.items === undefined && users.error === undefined && <Skeleton lines={8} />}
            {users.items?.length === 0 && <Empty icon="user" title={t("users.none")} />}
            {users.items !== undefined && users.items.length > 0 && (
                <div className="table-frame" tabIndex={0} role="region" aria-label={t("users.title")}>
                    <table className="data">
                        <thead>
                            <tr>
                                <th scope="col">{t("account.email")}</th>
                                <th scope="col">{t("account.name")}</th>
                                <th scope="col">{t("users.since")}</th>
                                <th scope="col">{t("users.role")}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {users.items.map((account) => (
                                <tr key={account.id}>
                                    <th scope="row">
                                        <span className="ellipsis">{account.email}</span> {account.id === own && (
                                            <Badge tone="accent">{t("users.own")}</Badge>
                                        )}
                                    </th>
                                    <td>{account.name ?? "–"}</td>
                                    <td>{words.date(account.createdAt)}</td>
                                    <td>
                                        <select
                                            aria-label={`${t("users.role")}: ${account.email}`} value={account.role}
                                            disabled={busy === account.id}
                                            onChange={(event) => setAsked({ account, role: event.target.value as Role })}
                                        >
                                            <option value="user">{t("users.role.user")}</option>
                                            <option value="admin">{t("users.role.admin")}</option>
                                        </select>
                                    </td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
            {asked !== undefined && (
                <Confirm
                    title={t("users.ask")} confirm={t("users.ask.confirm")} isBusy={busy !== undefined}
                    text={t("users.ask.text", { email: asked.account.email, role: t(`users.role.${asked.role}`) })}
                    onConfirm={() => void setRole(asked.account, asked.role)} onClose={() => setAsked(undefined)}
                />
            )}
            {users.hasMore && (
                <div className="more">
                    <Button isBusy={users.isLoadingMore} onClick={users.loadMore}>{t("app.more")}</Button>
                </div>
            )}
        </Page>
    );
}
