using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// What a stream of datasets on btrfs looks like: an envelope of ours around what the kernel's send writes, so that a stream of
/// another kind is known by its first bytes and one that was cut short or damaged by its last.
/// <code>
/// "LumosBt1"  u32 length  header (JSON)
/// for each snapshot of the header, in its order: { u32 length  bytes }…  u32 0
/// SHA-256 of everything before it
/// </code>
/// Numbers are little-endian. The header names datasets relative to the one sent, parents first, each with its snapshots,
/// oldest first; a snapshot is a whole one, or says the guid of the one it is based on.
/// </summary>
internal sealed record BtrfsStream(IReadOnlyList<BtrfsStream.Part> Parts)
{
    public const int MagicLength = 8, LongestHeader = 16 << 20, LongestChunk = 1 << 20, DigestLength = SHA256.HashSizeInBytes;

    public static ReadOnlySpan<byte> Magic => "LumosBt1"u8;

    /// <summary>A dataset of the stream.</summary>
    /// <param name="Path">"" for the one sent, else relative to it.</param>
    /// <param name="Set">Properties; empty unless all were to be sent.</param>
    internal sealed record Part(string Path, bool IsVolume, IReadOnlyDictionary<string, string> Set, IReadOnlyList<Snap> Snapshots);

    /// <param name="Number">Of the subvolume sent; its name in the stream is NUMBER.NAME.</param>
    /// <param name="From">Guid of the snapshot it is an increment to; 0: none.</param>
    internal sealed record Snap(uint Number, string Name, ulong Guid, ulong From);

    public byte[] Header()
    {
        var parts = new JsonArray();
        foreach (var part in Parts)
        {
            var set = new JsonObject();
            foreach (var (key, value) in part.Set)
            {
                set[key] = value;
            }
            var snapshots = new JsonArray();
            foreach (var snap in part.Snapshots)
            {
                snapshots.Add((JsonNode)new JsonObject
                {
                    ["number"] = snap.Number, ["name"] = snap.Name, ["guid"] = Text(snap.Guid), ["from"] = Text(snap.From),
                });
            }
            parts.Add((JsonNode)new JsonObject
            {
                ["path"] = part.Path, ["kind"] = part.IsVolume ? "volume" : "filesystem", ["set"] = set, ["snapshots"] = snapshots,
            });
        }
        byte[] json = Encoding.UTF8.GetBytes(new JsonObject { ["datasets"] = parts }.ToJsonString());
        byte[] all = new byte[MagicLength + sizeof(uint) + json.Length];
        Magic.CopyTo(all);
        BinaryPrimitives.WriteUInt32LittleEndian(all.AsSpan(MagicLength), (uint)json.Length);
        json.CopyTo(all, MagicLength + sizeof(uint));
        return all;
    }

    /// <exception cref="FormatException">It is none.</exception>
    public static BtrfsStream Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var parts = JsonNode.Parse(json)!["datasets"]!.AsArray().Select(p => new Part(
                p!["path"]!.GetValue<string>(),
                p["kind"]!.GetValue<string>() == "volume",
                p["set"]!.AsObject().ToDictionary(s => s.Key, s => s.Value!.GetValue<string>()),
                [.. p["snapshots"]!.AsArray().Select(s => new Snap(
                    s!["number"]!.GetValue<uint>(), s["name"]!.GetValue<string>(), Number(s["guid"]!), Number(s["from"]!)))])).ToList();
            // What is in here becomes names of files: only names of datasets may.
            return parts.Count > 0 && parts[0].Path.Length == 0 && parts.Skip(1).All(p => DatasetName.TryParse("a/" + p.Path, out _))
                && parts.TrueForAll(p => p.Snapshots.Count > 0 && p.Snapshots.All(s => SnapshotName.TryParse("a@" + s.Name, out _)))
                ? new BtrfsStream(parts)
                : throw new FormatException("its header names datasets that cannot be");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or OverflowException)
        {
            throw new FormatException("its header cannot be understood", e);
        }
    }

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    private static ulong Number(JsonNode node) => ulong.Parse(node.GetValue<string>(), CultureInfo.InvariantCulture);
}
