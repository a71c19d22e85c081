import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startSession } from "./api/session";
import { App } from "./app/app";
import { startLanguage } from "./i18n";
import "./styles/index.css";

const place = document.getElementById("app");
if (place !== null) {
    startSession();
    void startLanguage().then(() => {
        createRoot(place).render(
            <StrictMode>
                <App />
            </StrictMode>,
        );
    });
}
