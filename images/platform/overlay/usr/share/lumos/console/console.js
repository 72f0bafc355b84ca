// Shows the screen of the VM whose UUID is the page's path, with the ticket in the address's fragment. The fragment is taken out of the address at
// once: a ticket is good for one connection, so that a reload of the page needs another one, and the history should not hold it.
import RFB from "/novnc/core/rfb.js";

const uuid = location.pathname.slice(1);
const ticket = location.hash.slice(1);
const state = document.getElementById("state");
const keys = document.getElementById("keys");
const again = `"vmadm console --web ${uuid}" gives another address.`;

function tell(name, words) {
    document.body.dataset.state = name;
    state.textContent = words;
}

document.title = `Screen of ${uuid}`;
history.replaceState(null, "", location.pathname);

if (!ticket) {
    tell("over", `This address has no ticket. ${again}`);
} else {
    let isSeen = false;
    let name = uuid;
    const screen = new RFB(document.getElementById("screen"), `wss://${location.host}/${uuid}/screen`, { wsProtocols: ["binary", `ticket.${ticket}`] });
    screen.scaleViewport = true;
    screen.background = "#18181b";
    screen.addEventListener("connect", () => {
        isSeen = true;
        tell("connected", name);
        keys.disabled = false;
        screen.focus();
    });
    screen.addEventListener("desktopname", (event) => {
        name = event.detail.name; // told before it is connected
    });
    screen.addEventListener("disconnect", () => {
        keys.disabled = true;
        tell("over", isSeen ? `The screen is gone: the machine has stopped, or the connection. ${again}` : `The screen is not shown: the ticket is not good any more, or the machine does not run. ${again}`);
    });
    keys.addEventListener("click", () => {
        screen.sendCtrlAltDel();
        screen.focus();
    });
}

document.getElementById("full").addEventListener("click", () => {
    document.documentElement.requestFullscreen();
});
