using System.Globalization;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Chromium without a window, driven over its DevTools protocol: it shows a page, is asked about it and types into it as somebody at a keyboard does.</summary>
internal sealed class Browser : IDisposable
{
    private const string Program = "/usr/bin/chromium";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What keys without a letter or digit on them are called.</summary>
    private static readonly Dictionary<char, string> s_keys = new() { [' '] = "Space", ['-'] = "Minus", ['/'] = "Slash", ['.'] = "Period", ['>'] = "Period", [';'] = "Semicolon" };

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-browser-").FullName;
    private readonly ChildProcess _chromium;
    private readonly ClientWebSocket _page = new();
    private int _asked;

    /// <param name="certificate">The one that it takes for good, whoever has signed it.</param>
    internal Browser(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate)
    {
        string key = Convert.ToBase64String(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
        _chromium = ChildProcess.Start(new SpawnRequest
        {
            Argv = [Program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-breakpad", "--no-first-run", "--no-proxy-server", "--window-size=1300,950",
                "--user-data-dir=" + _folder, "--remote-debugging-port=0", "--ignore-certificate-errors-spki-list=" + key, "about:blank"],
            Environment = new Dictionary<string, string>(Tool.InCLocale()) { ["HOME"] = _folder, ["TMPDIR"] = _folder, ["XDG_RUNTIME_DIR"] = _folder },
            NewSession = true,
        });
        string told = Path.Combine(_folder, "DevToolsActivePort");
        Wait.For("Chromium", () => File.Exists(told) && File.ReadAllText(told).Contains('\n', StringComparison.Ordinal), patience: Patience);
        string port = File.ReadLines(told).First();
        using var http = new HttpClient();
        JsonNode? page = null;
        Wait.For("its page", () => (page = JsonNode.Parse(http.GetStringAsync($"http://127.0.0.1:{port}/json/list").Result)!.AsArray().FirstOrDefault(target => (string?)target!["type"] == "page")) is not null,
            patience: Patience);
        _page.ConnectAsync(new Uri((string)page!["webSocketDebuggerUrl"]!), CancellationToken.None).Wait(Patience);
    }

    /// <summary>The test that calls is skipped, with the reason, where Chromium is not to be had.</summary>
    internal static void Require()
    {
        if (File.Exists(Program))
        {
            return;
        }
        var installed = Environment.IsPrivilegedProcess && Environment.GetEnvironmentVariable("CI") == "true"
            ? Tool.Run(["timeout", "300", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends", "chromium"])
            : null;
        Assert.SkipUnless(File.Exists(Program), installed is null ? "there is no chromium (the Debian package of that name)" : $"chromium cannot be installed: {installed.ErrorOutput.Trim()}");
    }

    internal void Show(string url) => Call("Page.navigate", new JsonObject { ["url"] = url });

    /// <summary>What an expression of JavaScript is on the page.</summary>
    internal JsonNode? Ask(string expression)
    {
        var answer = Call("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        return answer["exceptionDetails"] is { } fault
            ? throw new InvalidOperationException(fault.ToJsonString()) : answer["result"]?["value"];
    }

    /// <summary>Types a line, and the key that ends it.</summary>
    internal void Type(string line)
    {
        foreach (char letter in line)
        {
            bool isShifted = char.IsAsciiLetterUpper(letter) || letter == '>';
            string code = char.IsAsciiLetter(letter) ? "Key" + char.ToUpperInvariant(letter) : char.IsAsciiDigit(letter) ? "Digit" + letter : s_keys[letter];
            if (isShifted)
            {
                Press("keyDown", "Shift", "ShiftLeft", isShifted);
            }
            Press("keyDown", letter.ToString(), code, isShifted);
            Press("keyUp", letter.ToString(), code, isShifted);
            if (isShifted)
            {
                Press("keyUp", "Shift", "ShiftLeft", isShifted: false);
            }
        }
        Press("keyDown", "Enter", "Enter", isShifted: false);
        Press("keyUp", "Enter", "Enter", isShifted: false);
    }

    /// <summary>What is shown, as PNG.</summary>
    internal byte[] Picture() => Convert.FromBase64String((string)Call("Page.captureScreenshot", [])["data"]!);

    public void Dispose()
    {
        try
        {
            Call("Browser.close", []);
        }
        catch (AggregateException)
        {
            // It was quicker than its answer.
        }
        _page.Dispose();
        if (!_chromium.HasEnded(Patience))
        {
            _chromium.Signal(Signal.KILL);
            _chromium.Wait();
        }
        _chromium.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Press(string type, string key, string code, bool isShifted)
    {
        const int ShiftModifier = 8;
        Call("Input.dispatchKeyEvent", new JsonObject { ["type"] = type, ["key"] = key, ["code"] = code, ["modifiers"] = isShifted ? ShiftModifier : 0 });
    }

    private JsonObject Call(string method, JsonObject parameters)
    {
        using var patience = new CancellationTokenSource(Patience);
        int id = ++_asked;
        byte[] request = Encoding.UTF8.GetBytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters }.ToJsonString());
        _page.SendAsync(request, WebSocketMessageType.Text, true, patience.Token).Wait();
        while (true)
        {
            var answer = JsonNode.Parse(Receive(patience.Token))!.AsObject();
            if ((int?)answer["id"] == id)
            {
                return answer["error"] is { } fault ? throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{method}: {fault.ToJsonString()}")) : answer["result"]!.AsObject();
            }
        }
    }

    private byte[] Receive(CancellationToken stop)
    {
        var message = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        while (true)
        {
            var got = _page.ReceiveAsync(buffer, stop).Result;
            message.Write(buffer, 0, got.Count);
            if (got.EndOfMessage)
            {
                return message.ToArray();
            }
        }
    }
}
