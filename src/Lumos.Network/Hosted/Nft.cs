using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux;

namespace Lumos.Network.Hosted;

/// <summary>A chain that the kernel hands packets to.</summary>
/// <param name="Hook">input, forward, postrouting …</param>
/// <param name="Policy">accept or drop: what becomes of a packet that no rule decides on.</param>
public sealed record ForeignChain(string Family, string Table, string Name, string Hook, string Policy);

/// <summary>The tool nft, by transactions in and JSON out.</summary>
public static class Nft
{
    /// <summary>All of the text or nothing of it.</summary>
    public static void Apply(string text) => Run(["nft", "-f", "-"], text);

    /// <summary>The chains of all tables that are hooked to the way of IPv4 packets.</summary>
    public static IReadOnlyList<ForeignChain> Chains() => Parse(Run(["nft", "-j", "list", "chains"], null).Output);

    /// <summary>The tables of family inet, by name.</summary>
    public static IReadOnlySet<string> InetTables() =>
        Objects(Run(["nft", "-j", "list", "tables", "inet"], null).Output, "table").Select(t => Text(t, "name")).ToHashSet(StringComparer.Ordinal);

    /// <summary>Reads what <c>nft -j list chains</c> prints.</summary>
    public static IReadOnlyList<ForeignChain> Parse(string json) => Objects(json, "chain")
        .Where(c => c["hook"] is not null && Text(c, "family") is "ip" or "inet")
        .Select(c => new ForeignChain(Text(c, "family"), Text(c, "table"), Text(c, "name"), Text(c, "hook"), Text(c, "policy")))
        .ToList();

    private static IEnumerable<JsonObject> Objects(string json, string kind) =>
        (JsonNode.Parse(json)?["nftables"]?.AsArray() ?? []).Select(o => o?[kind]).OfType<JsonObject>();

    private static string Text(JsonObject from, string member) => from[member]?.ToString() ?? "";

    private static ToolResult Run(string[] argv, string? input)
    {
        try
        {
            return Tool.Run(argv, input).OrThrow();
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            throw new LumosException("NftMissing", "the tool nft is missing; install the package nftables", inner: e);
        }
    }
}
