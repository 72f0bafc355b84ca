using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lumos.Zones.Machines;

/// <summary>
/// What a guest tells of its memory, through its balloon (virtio-balloon). Told by the guest, whoever that is: known names, numbers within the memory that it has. The guest is asked only while
/// somebody wants to know: each look wakes it.
/// </summary>
internal static class GuestMemory
{
    private const string Balloon = "/machine/peripheral/balloon", Interval = "guest-stats-polling-interval";

    /// <summary>How long a guest may take that has just been asked for the first time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3), Step = TimeSpan.FromMilliseconds(50);

    /// <summary>QEMU's names of numbers of bytes, and ours.</summary>
    private static readonly (string Theirs, string Ours)[] s_names =
    [
        ("stat-total-memory", "total"), ("stat-available-memory", "available"), ("stat-free-memory", "free"), ("stat-disk-caches", "disk_caches"),
        ("stat-swap-in", "swapped_in"), ("stat-swap-out", "swapped_out"),
    ];

    /// <summary>Names that count what flows, which memory does not bound.</summary>
    private static readonly string[] s_flows = ["swapped_in", "swapped_out"];

    /// <param name="ask">Runs a command of QMP.</param>
    internal static JsonObject Ask(Func<string, JsonObject?, JsonNode?> ask)
    {
        JsonObject Property(string name) => new() { ["path"] = Balloon, ["property"] = name };
        void Poll(int seconds)
        {
            var set = Property(Interval);
            set["value"] = seconds;
            _ = ask("qom-set", set);
        }
        long has = Number(Of(ask("query-balloon", null), "actual")) ?? 0, before = Number(Of(ask("qom-get", Property("guest-stats")), "last-update")) ?? 0;
        Poll(1);
        try
        {
            JsonNode? stats;
            var clock = Stopwatch.StartNew();
            // Its clock counts seconds: a guest that was asked within this one has told.
            while ((Number(Of(stats = ask("qom-get", Property("guest-stats")), "last-update")) ?? 0) is var told && told <= before && !IsNow(told) && clock.Elapsed < Patience)
            {
                Thread.Sleep(Step);
            }
            return Shown(stats, has);
        }
        finally
        {
            Poll(0);
        }
    }

    /// <summary>What is shown of an answer of QEMU's. Pure.</summary>
    /// <param name="has">Bytes that the guest has.</param>
    internal static JsonObject Shown(JsonNode? answer, long has)
    {
        var guest = new JsonObject();
        foreach (var (theirs, ours) in s_names)
        {
            if (Number(Of(Of(answer, "stats"), theirs)) is { } bytes && (bytes <= has || s_flows.Contains(ours)))
            {
                guest[ours] = bytes;
            }
        }
        long? told = Number(Of(answer, "last-update")) is > 0 and < 253402300800 and var seconds ? seconds : null;
        return new JsonObject
        {
            ["actual"] = has,
            ["guest"] = told is null ? null : guest,
            ["told"] = told is { } at ? DateTimeOffset.FromUnixTimeSeconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : null,
        };
    }

    private static JsonNode? Of(JsonNode? node, string name) => (node as JsonObject)?[name];

    private static bool IsNow(long told) => told > 0 && Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - told) <= 1;

    // What is not told stands as the greatest number of 64 bits.
    private static long? Number(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out long number) && number >= 0 ? number : null;
}
