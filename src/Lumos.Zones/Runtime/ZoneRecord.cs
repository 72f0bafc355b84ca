using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lumos.Drivers.Files;
using Lumos.Zones.Bundle;

namespace Lumos.Zones.Runtime;

/// <summary>
/// What is written down of a zone that is up, in /run/lumos/zone-states: enough to tell its state, and to clear it away after
/// whoever brought it up is gone. Numbers of processes come with their start times, since numbers are used again.
/// </summary>
internal sealed record ZoneRecord
{
    public required string State { get; init; }

    public required int ZoneId { get; init; }

    /// <summary>Its init; null before the container exists.</summary>
    public ProcessMark? Init { get; init; }

    /// <summary>Who is bringing it up or down; no longer of interest once it runs.</summary>
    public ProcessMark? Owner { get; init; }

    public DateTimeOffset? BootTime { get; init; }

    /// <summary>What init was told when the zone was brought up: its words and variables.</summary>
    public string? Argv { get; init; }

    /// <summary>Names of the global zone's ends of its NICs, once they are made.</summary>
    public IReadOnlyList<string> Links { get; init; } = [];

    /// <summary>Datasets that were given to its namespace, or are about to be.</summary>
    public IReadOnlyList<string> Datasets { get; init; } = [];

    /// <summary>As <see cref="ZoneRestarts"/>.</summary>
    public int InitRestarts { get; init; }

    public int InitRestartsInRow { get; init; }

    /// <summary>Of a shutdown under way: what is to come of it (installed, running), and when patience ends.</summary>
    public string? StopTo { get; init; }

    public DateTimeOffset? StopBy { get; init; }

    /// <summary>The same by a clock that nobody sets: <see cref="Environment.TickCount64"/>, one for the machine.</summary>
    public long? StopByTick { get; init; }

    /// <summary>Its init has been asked; until then whoever brings it down may have been killed before that.</summary>
    public bool StopAsked { get; init; }

    /// <summary>Of the same zone when we are about to ask it to stop.</summary>
    internal ZoneRecord StoppingTo(ZoneState to, TimeSpan limit) => this with
    {
        State = ZoneState.ShuttingDown.Word,
        Owner = ProcessMark.Own,
        StopTo = to.Word,
        StopBy = DateTimeOffset.UtcNow + limit,
        StopByTick = Environment.TickCount64 + (long)limit.TotalMilliseconds,
    };

    /// <summary>When patience ends as the clock is set now; null: nobody asked it to stop.</summary>
    [JsonIgnore]
    internal DateTimeOffset? Expires => StopByTick is { } tick ? DateTimeOffset.UtcNow.AddMilliseconds(tick - Environment.TickCount64) : StopBy;

    /// <summary>Of a machine: who runs the guest's instructions, in a word.</summary>
    public string? Accelerator { get; init; }

    /// <summary>What its init is asked to stop with; null: its brand's way.</summary>
    public int? StopSignal { get; init; }

    /// <summary>What root may do inside; programs started from outside may do no more.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = SecurityProfile.Capabilities;

    internal static ZoneRecord? TryRead(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), ZoneRecordJson.Default.ZoneRecord);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    internal void Write(string file) =>
        AtomicFile.Write(file, JsonSerializer.SerializeToUtf8Bytes(this, ZoneRecordJson.Default.ZoneRecord));
}

/// <summary>A process, told apart from a later one of the same number.</summary>
internal sealed record ProcessMark(int Pid, long Start)
{
    // The kernel tells times to programs in hundredths of a second (USER_HZ), on every architecture we build for.
    private const int MillisecondsPerTick = 10;

    internal static ProcessMark Own { get; } = Of(Environment.ProcessId)!;

    /// <summary>Null: there is no such process.</summary>
    internal static ProcessMark? Of(int pid) => StartOf(pid) is { } start ? new ProcessMark(pid, start) : null;

    /// <summary>It still runs (a zombie does not).</summary>
    [JsonIgnore]
    internal bool IsAlive => StartOf(Pid) == Start;

    /// <summary>Time since it was started, while it runs.</summary>
    [JsonIgnore]
    internal TimeSpan Age => TimeSpan.FromMilliseconds(Math.Max(0, Environment.TickCount64 - Start * MillisecondsPerTick));

    private static long? StartOf(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (IOException)
        {
            return null; // ENOENT or ESRCH: it is gone
        }
        // The name, in parentheses, may hold anything; fields count from after it: state is 3, start time 22.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ZoneRecord))]
internal sealed partial class ZoneRecordJson : JsonSerializerContext;
