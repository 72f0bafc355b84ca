using System.Globalization;
using System.Net;
using Lumos.Core;
using Lumos.Core.Configuration;

namespace Lumos.Network.Model;

/// <summary>What a DHCP server gave a link; kept under /run/lumos/network as shell assignments.</summary>
public sealed record Lease(string Link, IpNet Net, IPAddress? Gateway, IReadOnlyList<string> Resolvers, string Domain, int? Mtu)
{
    /// <summary>Reads the variables with which udhcpc runs its script.</summary>
    /// <returns>Null when there is no usable address among them.</returns>
    public static Lease? FromEnvironment(Func<string, string?> variable)
    {
        string link = variable("interface") ?? "";
        string? prefix = variable("mask");
        IpNet? net = null;
        bool usable = prefix is { Length: > 0 } && int.TryParse(prefix, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? IpNet.TryParse($"{variable("ip")}/{prefix}", out net)
            : IpNet.TryFromNetmask(variable("ip"), variable("subnet"), out net);
        if (link.Length == 0 || !usable || net is null)
        {
            return null;
        }
        string router = Words(variable("router")).FirstOrDefault() ?? "";
        return new Lease(
            link,
            net,
            IpNet.TryParseAddress(router, out var gateway) ? gateway : null,
            [.. Words(variable("dns")).Where(d => IPAddress.TryParse(d, out _))],
            IsDomain(variable("domain")) ? variable("domain")! : "",
            int.TryParse(variable("mtu"), NumberStyles.None, CultureInfo.InvariantCulture, out int mtu) && mtu >= 576 ? mtu : null);
    }

    /// <summary>The file's text.</summary>
    public string Write() => ShellConfig.Empty
        .With("link", Link)
        .With("net", Net.ToString())
        .With("gateway", Gateway?.ToString() ?? "")
        .With("resolvers", string.Join(',', Resolvers))
        .With("domain", Domain)
        .ToString();

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static Lease? Read(string text, string file)
    {
        var config = ShellConfig.Parse(text, file);
        return IpNet.TryParse(config["net"], out var net)
            ? new Lease(
                config["link"] ?? "",
                net,
                IpNet.TryParseAddress(config["gateway"], out var gateway) ? gateway : null,
                (config["resolvers"] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries),
                config["domain"] ?? "",
                null)
            : null;
    }

    private static string[] Words(string? text) => (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What a server sends is written into resolv.conf: nothing but a domain name may get there.</summary>
    private static bool IsDomain(string? text) =>
        text is { Length: > 0 and <= 253 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_');
}
