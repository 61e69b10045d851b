"use strict";
// The page of hauld. All text from elsewhere goes in by textContent.

const texts = {
  en: {
    addLabel: "Add downloads", folder: "Folder", add: "Add",
    hint: "One address on each line; a name may follow after a space.",
    pauseAll: "Pause all", resumeAll: "Resume all", cut: "Older downloads are not shown.",
    tokenLabel: "This server asks for its token", enter: "Enter", wrongToken: "That is not the token.",
    all: "All", active: "Active", done: "Done", problems: "Failed", filters: "Show",
    pending: "Waiting", downloading: "Downloading", paused: "Paused", completed: "Done",
    failed: "Failed", cancelled: "Cancelled",
    pause: "Pause", resume: "Resume", cancel: "Cancel",
    nothing: "Nothing here yet. Paste an address above.", noneOfThese: "None of these.",
    live: "live", waiting: "reconnecting…", lost: "The server cannot be reached.",
    added: n => n === 1 ? "1 download added." : n + " downloads added.",
    there: "already there", refused: "refused", noAddress: "No address is given.",
    running: (n, speed) => n + " active" + (speed ? " · " + speed : ""), idle: "idle",
    left: t => t + " left", of: (a, b) => a + " of " + b, progress: "Progress of",
    day: "d", hour: "h", minute: "min", second: "s",
  },
  zh: {
    addLabel: "添加下载", folder: "文件夹", add: "添加",
    hint: "每行一个地址；地址后可加空格和文件名。",
    pauseAll: "全部暂停", resumeAll: "全部继续", cut: "较早的下载未显示。",
    tokenLabel: "此服务器需要令牌", enter: "确定", wrongToken: "令牌不正确。",
    all: "全部", active: "进行中", done: "已完成", problems: "失败", filters: "显示",
    pending: "等待中", downloading: "下载中", paused: "已暂停", completed: "已完成",
    failed: "失败", cancelled: "已取消",
    pause: "暂停", resume: "继续", cancel: "取消",
    nothing: "还没有下载。在上方粘贴地址即可。", noneOfThese: "没有此类下载。",
    live: "已连接", waiting: "正在重新连接…", lost: "无法连接服务器。",
    added: n => "已添加 " + n + " 个下载。",
    there: "已存在", refused: "被拒绝", noAddress: "没有填写地址。",
    running: (n, speed) => n + " 个进行中" + (speed ? " · " + speed : ""), idle: "空闲",
    left: t => "剩余 " + t, of: (a, b) => a + " / " + b, progress: "进度：",
    day: " 天", hour: " 小时", minute: " 分", second: " 秒",
  },
};
const chinese = (navigator.language || "").toLowerCase().startsWith("zh");
const t = chinese ? texts.zh : texts.en;
const $ = id => document.getElementById(id);

const icons = {
  pause: "M4 2h3v12H4zM9 2h3v12H9z",
  resume: "M4 2l10 6-10 6z",
  cancel: "M3.4 2 8 6.6 12.6 2 14 3.4 9.4 8l4.6 4.6-1.4 1.4L8 9.4 3.4 14 2 12.6 6.6 8 2 3.4z",
};

function icon(button, what) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", icons[what]);
  svg.append(path);
  button.replaceChildren(svg);
}

// Numbers.

function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let u = 0;
  while (n >= 1024 && u < units.length - 1) {
    n /= 1024;
    ++u;
  }
  return (u === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + " " + units[u];
}

function duration(s) {
  if (s >= 86400) return Math.floor(s / 86400) + t.day + " " + Math.floor(s % 86400 / 3600) + t.hour;
  if (s >= 3600) return Math.floor(s / 3600) + t.hour + " " + Math.floor(s % 3600 / 60) + t.minute;
  if (s >= 60) return Math.floor(s / 60) + t.minute + " " + s % 60 + t.second;
  return s + t.second;
}

// Talking to the server.

class Unauthorized extends Error {}

async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  const token = sessionStorage.getItem("token");
  if (token) headers.set("X-Token", token);
  const reply = await fetch(path, {...options, headers, cache: "no-store"});
  if (reply.status === 401) throw new Unauthorized();
  return reply;
}

async function post(what, body) {
  try {
    const reply = await ask("/ui/api/" + what, {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
    });
    const answer = await reply.json();
    if (!reply.ok) throw new Error(answer.error || reply.statusText);
    return answer;
  } catch (e) {
    if (e instanceof Unauthorized) login();
    else tell(e instanceof TypeError ? t.lost : e.message, false);
    return null;
  }
}

function tell(text, good) {
  $("told").textContent = text;
  $("told").classList.toggle("good", good);
}

let entering = null;
function login() {
  if (entering) return entering;
  entering = new Promise(done => {
    $("wrong").textContent = sessionStorage.getItem("token") ? t.wrongToken : "";
    $("token").value = "";
    $("login").showModal();
    $("login").addEventListener("close", () => {
      sessionStorage.setItem("token", $("token").value);
      entering = null;
      done();
    }, {once: true});
  });
  return entering;
}

// Events: an EventSource cannot carry a token, so the stream is read by hand.

async function listen() {
  for (;;) {
    try {
      const reply = await ask("/events");
      if (!reply.ok) throw new Error(reply.statusText);
      live(true);
      const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const {value, done} = await reader.read();
        if (done) break;
        text += value;
        for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
          take(text.slice(0, end));
        }
      }
    } catch (e) {
      if (e instanceof Unauthorized) {
        await login();
        continue;
      }
    }
    live(false);
    await new Promise(r => setTimeout(r, 2000));
  }
}

function take(block) {
  let name = "message", data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    if (line.startsWith("data:")) data += line.slice(5).trimStart();
  }
  if (name === "snapshot") whole(JSON.parse(data));
  if (name === "files") for (const row of JSON.parse(data)) update(row, true);
  if (name === "snapshot" || name === "files") sum();
}

function live(on) {
  $("link").classList.toggle("live", on);
  $("link").textContent = on ? t.live : t.waiting;
}

// The list.

const rows = new Map();
let shown = "all";
const filters = {
  all: () => true,
  active: s => s === "pending" || s === "downloading" || s === "paused",
  done: s => s === "completed",
  problems: s => s === "failed" || s === "cancelled",
};

function whole(snapshot) {
  const ids = new Set(snapshot.files.map(f => f.id));
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
  for (const file of snapshot.files) {
    update(file, false);
    $("list").append(rows.get(file.id).element);
  }
  $("cut").hidden = !snapshot.cut;
}

function part(element, selector) {
  return element.querySelector(selector);
}

function make(id) {
  const element = $("row").content.firstElementChild.cloneNode(true);
  for (const what of ["pause", "resume", "cancel"]) {
    const button = part(element, "." + what);
    icon(button, what);
    button.title = t[what];
    button.addEventListener("click", async () => {
      button.disabled = true;
      await post(what, {ids: [id]});
      button.disabled = false;
    });
  }
  return {element, file: null};
}

function update(file, fresh) {
  let row = rows.get(file.id);
  if (!row) {
    row = make(file.id);
    rows.set(file.id, row);
    if (fresh) $("list").prepend(row.element);
  }
  row.file = file;
  draw(row);
}

function draw({element, file}) {
  const name = file.name || file.path || file.url;
  const going = file.state === "downloading";
  const open = filters.active(file.state);
  const known = file.total !== null;
  element.className = "row " + file.state + (going && !known ? " unknown" : "");
  element.hidden = !filters[shown](file.state);
  part(element, ".name").textContent = name;
  part(element, ".name").title = file.path ? file.path + "\n" + file.url : file.url;
  for (const [what, on] of [["pause", open && file.state !== "paused"],
                            ["resume", file.state === "paused"], ["cancel", open]]) {
    const button = part(element, "." + what);
    // A button that goes away takes the focus along, unless the other one gets it.
    if (!on && document.activeElement === button) {
      const other = part(element, what === "pause" ? ".resume" : ".pause");
      other.hidden = false;
      other.focus();
    }
    button.hidden = !on;
    button.setAttribute("aria-label", t[what] + " " + name);
  }
  const share = file.state === "completed" ? 1
    : known && file.total > 0 ? file.downloaded / file.total : 0;
  const track = part(element, ".track");
  track.setAttribute("aria-label", t.progress + " " + name);
  if (going && !known) track.removeAttribute("aria-valuenow");
  else track.setAttribute("aria-valuenow", Math.floor(share * 100));
  part(element, ".fill").style.transform = going && !known ? "" : "scaleX(" + share + ")";
  part(element, ".state").textContent =
    t[file.state] + (open && known && file.total > 0 ? " " + Math.floor(share * 100) + "%" : "");
  part(element, ".size").textContent = known && file.downloaded < file.total
    ? t.of(bytes(file.downloaded), bytes(file.total))
    : file.downloaded > 0 || file.state === "completed" ? bytes(file.downloaded) : "";
  part(element, ".speed").textContent = going && file.speed > 0 ? bytes(file.speed) + "/s" : "";
  part(element, ".left").textContent =
    going && file.left !== null && file.speed > 0 ? t.left(duration(file.left)) : "";
  const error = part(element, ".error");
  error.hidden = !(file.state === "failed" && file.error);
  error.textContent = error.hidden ? "" : file.error;
}

let summing = false;
function sum() {
  if (summing) return;
  summing = true;
  requestAnimationFrame(() => {
    summing = false;
    let active = 0, speed = 0, visible = 0;
    const counts = {all: 0, active: 0, done: 0, problems: 0};
    for (const {file} of rows.values()) {
      if (file.state === "downloading" || file.state === "pending") ++active;
      if (file.state === "downloading") speed += file.speed;
      for (const f in filters) if (filters[f](file.state)) ++counts[f];
      if (filters[shown](file.state)) ++visible;
    }
    $("summary").textContent = active ? t.running(active, speed ? bytes(speed) + "/s" : "") : t.idle;
    document.title = active ? "(" + active + ") hauld" : "hauld";
    for (const f in filters) $("filter-" + f).textContent = t[f] + " " + counts[f];
    $("empty").hidden = visible > 0;
    $("empty").textContent = rows.size ? t.noneOfThese : t.nothing;
    const states = [...rows.values()].map(r => r.file.state);
    $("pauseAll").disabled = !states.some(s => s === "pending" || s === "downloading");
    $("resumeAll").disabled = !states.includes("paused");
  });
}

// What the user does.

$("add").addEventListener("submit", async event => {
  event.preventDefault();
  const items = [];
  for (const line of $("urls").value.split("\n")) {
    const [url, ...name] = line.trim().split(/\s+/);
    if (url) items.push({url, name: name.join(" ")});
  }
  if (items.length === 0) {
    tell(t.noAddress, false);
    $("urls").focus();
    return;
  }
  const answer = await post("downloads", {items, folder: $("folder").value.trim()});
  if (!answer) return;
  const kept = [], problems = [];
  answer.files.forEach((f, i) => {
    if (f.what === "started") return;
    const why = f.what === "refused" ? f.error || t.refused : t.there;
    problems.push(items[i].url + ": " + why);
    if (f.what === "refused") kept.push((items[i].url + " " + items[i].name).trim());
  });
  $("urls").value = kept.join("\n");
  grow();
  tell(problems.length ? problems.join("\n") : t.added(items.length), problems.length === 0);
});

function grow() {
  $("urls").rows = Math.min(8, $("urls").value.split("\n").length);
}
$("urls").addEventListener("input", grow);
$("urls").addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("add").requestSubmit();
});

function every(what, states) {
  const ids = [...rows.values()].filter(r => states.includes(r.file.state)).map(r => r.file.id);
  if (ids.length) post(what, {ids});
}
$("pauseAll").addEventListener("click", () => every("pause", ["pending", "downloading"]));
$("resumeAll").addEventListener("click", () => every("resume", ["paused"]));

document.documentElement.lang = chinese ? "zh-CN" : "en";
for (const e of document.querySelectorAll("[data-text]")) e.textContent = t[e.dataset.text];
$("filters").setAttribute("aria-label", t.filters);
for (const f in filters) {
  const button = document.createElement("button");
  button.type = "button";
  button.id = "filter-" + f;
  button.setAttribute("aria-pressed", String(f === shown));
  button.addEventListener("click", () => {
    shown = f;
    for (const other in filters) $("filter-" + other).setAttribute("aria-pressed", String(other === f));
    for (const row of rows.values()) draw(row);
    sum();
  });
  $("filters").append(button);
}
live(false);
sum();
listen();
