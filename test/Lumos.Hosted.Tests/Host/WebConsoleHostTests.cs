using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>The screen of a hardware VM in a real browser: page, TLS, ticket, websocket, QEMU, and the guest behind them.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class WebConsoleHostTests(SharedRoot shared) : HostedTest(shared, daemonsStay: false) // vmadmd's port is open from the first ticket on
{
    /// <summary>How many of the canvas's pixels are not of its most frequent colour, and its size.</summary>
    private const string Canvas = """
        (() => {
            const canvas = document.querySelector("#screen canvas");
            const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
            const counts = new Map();
            for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
            return { width: canvas.width, height: canvas.height, drawn: pixels.length - Math.max(...counts.values()) };
        })()
        """;

    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void A_browser_sees_the_screen_and_types_into_it()
    {
        Browser.Require();
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = HostedVm.Of(_root, new JsonObject
        {
            ["brand"] = "bhyve", ["alias"] = "machine", ["ram"] = 128, ["vnc_password"] = "tell-me",
            ["disks"] = new JsonArray(new JsonObject { ["image_uuid"] = image.Uuid, ["boot"] = true, ["model"] = "virtio" }),
        });
        var guest = new MachineGuest(_root, vm);
        guest.Ready(boots: 1);
        var invited = vm.Vmadm("console", "--web").OrThrow();
        string url = invited.Output.Trim();
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(_root.Inside("/usbkey/console.pem")));
        Assert.Equal(Convert.ToHexString(SHA256.HashData(certificate.RawData)), Regex.Match(invited.ErrorOutput, "([0-9A-F]{2}:){31}[0-9A-F]{2}").Value.Replace(":", "", StringComparison.Ordinal));

        using (var browser = new Browser(certificate))
        {
            browser.Show(url);
            Wait.For("the screen", () => State(browser) == "connected", () => (string?)browser.Ask("document.body.innerText") ?? "");
            Assert.Equal($"/{vm.Uuid}", (string?)browser.Ask("location.pathname + location.hash")); // the ticket stays in no history
            var (width, height) = SizeOfScreen(vm);
            JsonNode? seen = null;
            Wait.For("a picture", () => (seen = browser.Ask(Canvas)) is not null && (int)seen["drawn"]! > 1000, () => seen!.ToJsonString());
            Assert.Equal((width, height), ((int)seen!["width"]!, (int)seen["height"]!));

            browser.Type("echo typed-into-a-page >/dev/ttyS0");
            Wait.For("what was typed", () => guest.Console().Contains("typed-into-a-page", StringComparison.Ordinal), guest.Console);
            Assert.Equal("\u0089PNG", Encoding.Latin1.GetString(browser.Picture())[..4]);

            vm.Vmadm("stop", "-F").OrThrow();
            Wait.For("the end", () => State(browser) == "over");
            vm.Vmadm("start").OrThrow();
            browser.Show("about:blank"); // a page whose fragment alone changes is not loaded again
            browser.Show(url);
            Wait.For("the refusal", () => State(browser) == "over", () => (string?)browser.Ask("document.body.innerText") ?? "");
        }
        vm.Vmadm("stop", "-F").OrThrow();
        Assert.Contains("only one that runs", vm.Vmadm("console", "--web").ErrorOutput);
    }

    private static string? State(Browser browser) => (string?)browser.Ask("document.body?.dataset.state");

    /// <summary>As QEMU has it.</summary>
    private (int Width, int Height) SizeOfScreen(HostedVm vm)
    {
        vm.Vmadm("sysrq", "screenshot").OrThrow();
        string[] words = Encoding.Latin1.GetString(File.ReadAllBytes(_root.Inside($"/zones/{vm.Uuid}/root/tmp/vm.ppm"))[..64]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return (int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture), int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture));
    }
}
