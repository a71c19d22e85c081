import { lazy, Suspense, type ReactElement } from "react";
import { EventsPage } from "../features/events/events-page";
import { addStaffWords, useWords } from "../i18n";
import { Link } from "../router/link";
import { here } from "../router/location";
import type { Match } from "../router/routes";
import { useStore } from "../state/store";
import { Empty, Skeleton } from "../ui/feedback";
import { Boundary } from "./boundary";
import { chunk } from "./chunk";
import { Page, SignedIn } from "./page";
import { Shell } from "./shell";

// The list of events is the first view; everything else comes when it is gone to.
const EventPage = lazy(async () => ({
    default: (await chunk(() => import("../features/event/event-page"))).EventPage,
}));
const OrderPage = lazy(async () => ({
    default: (await chunk(() => import("../features/orders/order-page"))).OrderPage,
}));
const OrdersPage = lazy(async () => ({
    default: (await chunk(() => import("../features/tickets/orders-page"))).OrdersPage,
}));
const TicketsPage = lazy(async () => ({
    default: (await chunk(() => import("../features/tickets/tickets-page"))).TicketsPage,
}));
const TicketPage = lazy(async () => ({
    default: (await chunk(() => import("../features/tickets/ticket-page"))).TicketPage,
}));
const SignInPage = lazy(async () => ({
    default: (await chunk(() => import("../features/account/sign-in-page"))).SignInPage,
}));
const RegisterPage = lazy(async () => ({
    default: (await chunk(() => import("../features/account/sign-in-page"))).RegisterPage,
}));
const ForgotPage = lazy(async () => ({
    default: (await chunk(() => import("../features/account/reset-pages"))).ForgotPage,
}));
const ResetPage = lazy(async () => ({
    default: (await chunk(() => import("../features/account/reset-pages"))).ResetPage,
}));
const AccountPage = lazy(async () => ({
    default: (await chunk(() => import("../features/account/account-page"))).AccountPage,
}));
const Organise = lazy(async () => {
    const [{ Organise: Component }] = await Promise.all([
        chunk(() => import("../features/organiser")), chunk(addStaffWords),
    ]);
    return { default: Component };
});
const Gate = lazy(async () => {
    const [{ Gate: Component }] = await Promise.all([
        chunk(() => import("../features/gate")), chunk(addStaffWords),
    ]);
    return { default: Component };
});

export function App(): ReactElement {
    const { page, path } = useStore(here);
    return (
        <Shell>
            <Boundary place={path}>
                <Suspense fallback={<div className="page"><Skeleton lines={6} /></div>}>
                    {page === undefined ? <NotFound /> : <View page={page} />}
                </Suspense>
            </Boundary>
        </Shell>
    );
}

function View({ page }: { page: Match }): ReactElement {
    switch (page.name) {
        case "events": return <EventsPage />;
        case "event": return <EventPage key={page.parameters.id} id={page.parameters.id} />;
        case "tickets": return <SignedIn><TicketsPage /></SignedIn>;
        case "ticket": return (
            <SignedIn><TicketPage key={page.parameters.code} code={page.parameters.code} /></SignedIn>
        );
        case "orders": return <SignedIn><OrdersPage /></SignedIn>;
        case "order": return <SignedIn><OrderPage key={page.parameters.id} id={page.parameters.id} /></SignedIn>;
        case "signIn": return <SignInPage />;
        case "register": return <RegisterPage />;
        case "forgotPassword": return <ForgotPage />;
        case "resetPassword": return <ResetPage />;
        case "account": return <SignedIn><AccountPage /></SignedIn>;
        case "gates": return <SignedIn isOfUse><Gate id={undefined} /></SignedIn>;
        case "gate": return (
            <SignedIn isOfUse><Gate key={page.parameters.id} id={page.parameters.id} /></SignedIn>
        );
        default: return <SignedIn><Organise page={page} /></SignedIn>;
    }
}

function NotFound(): ReactElement {
    const { t } = useWords();
    return (
        <Page title={t("app.notFound")}>
            <Empty icon="search" title={t("app.notFound.text")}>
                <Link to="events" className="button primary">{t("app.toEvents")}</Link>
            </Empty>
        </Page>
    );
}
