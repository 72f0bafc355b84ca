using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Lumos.Drivers.Files;
using Lumos.Drivers.Qemu;
using Lumos.Linux.Files;

namespace Lumos.Zones.Machines;

/// <summary>
/// What has become of a machine since its QEMU was started: of its guest, that is, which its zone knows nothing of. In /run/lumos/machines, made by each boot, written by
/// who listens to QEMU (vmadmd), kept after the end for what it says of that. Pure but for reading and writing.
/// </summary>
public sealed record MachineLife
{
    /// <summary>The zone's number of this boot.</summary>
    public required int Boot { get; init; }

    /// <summary>What the configuration came to at the boot, as <see cref="DigestOf"/>; null: nobody wrote it down.</summary>
    public string? Configuration { get; init; }

    /// <summary>A boot would now give the guest another machine.</summary>
    public bool ConfigurationIsOld { get; init; }

    /// <summary>One of <see cref="Running"/>, <see cref="Paused"/>, <see cref="IoError"/>, <see cref="Panicked"/>.</summary>
    public string RunState { get; init; } = Running;

    /// <summary>How often the guest has started itself again.</summary>
    public long Resets { get; init; }

    /// <summary>Somebody has pressed the power button.</summary>
    public bool PowerButton { get; init; }

    /// <summary>How it came to its end; null: it has not, or QEMU ended without a word and nobody had asked it to.</summary>
    public string? End { get; init; }

    /// <summary>Processors run; are held; are held because a disk takes no writes; run no more of the guest, which has said that it is lost.</summary>
    public const string Running = "running", Paused = "paused", IoError = "io-error", Panicked = "panicked";

    /// <summary>Ends: the guest went down by itself; because its power button was pressed; after a panic; it was ended from outside; QEMU ended by itself.</summary>
    public const string GuestPowerOff = "guest-poweroff", PowerButtonEnd = "power-button", GuestPanic = "guest-panic", Forced = "forced", Crash = "crash";

    /// <summary>The same after something has happened. What is not known changes nothing.</summary>
    public MachineLife After(QmpMessage message) => message switch
    {
        QmpMessage.Event { Name: "BLOCK_IO_ERROR" } e when Text(e.Data["action"]) == "stop" => this with { RunState = IoError },
        QmpMessage.Event { Name: "STOP" } when RunState == Running => this with { RunState = Paused },
        QmpMessage.Event { Name: "RESUME" } when RunState != Panicked => this with { RunState = Running },
        QmpMessage.Event { Name: "RESET" } => this with { RunState = RunState == Panicked ? Running : RunState, Resets = Resets < long.MaxValue ? Resets + 1 : Resets },
        QmpMessage.Event { Name: "POWERDOWN" } => this with { PowerButton = true },
        QmpMessage.Event { Name: "GUEST_PANICKED" } => this with { RunState = Panicked },
        QmpMessage.Event { Name: "SHUTDOWN" } e => this with { End = EndOf(Text(e.Data["reason"])) },
        QmpMessage.Answer { Command: "query-status", Value: JsonObject status } => this with { RunState = StateOf(Text(status["status"])) },
        _ => this,
    };

    /// <summary>The same when QEMU is gone.</summary>
    /// <param name="wasToStop">Somebody was about to stop the zone; null: it cannot be told.</param>
    public MachineLife Gone(bool? wasToStop) => End is not null || wasToStop is not { } asked ? this : this with { End = asked ? Forced : Crash };

    /// <summary>Tells one machine from another, whoever runs the guest's instructions.</summary>
    public static string DigestOf(MachineSpec machine) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\0', QemuCommand.Of(machine with { Accelerator = Accelerator.Tcg }).Words.Concat(machine.Disks.Select(disk => disk.Path))))));

    /// <summary>Null: there is none.</summary>
    public static MachineLife? TryRead(string file)
    {
        if (!File.Exists(file)) // of most zones: an exception for each would be felt
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), MachineLifeJson.Default.MachineLife);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string file) =>
        AtomicFile.WriteAllUnsynced(new FileContent(file, JsonSerializer.SerializeToUtf8Bytes(this, MachineLifeJson.Default.MachineLife), FileContent.DefaultMode));

    private string EndOf(string? reason) => reason switch
    {
        "guest-panic" => GuestPanic,
        "guest-shutdown" or "guest-reset" => RunState == Panicked ? GuestPanic : PowerButton ? PowerButtonEnd : GuestPowerOff,
        _ => Forced,
    };

    private string StateOf(string? status) => status switch
    {
        "running" => RunState == Panicked ? Panicked : Running,
        "io-error" => IoError,
        "guest-panicked" => Panicked,
        _ => Paused,
    };

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(MachineLife))]
internal sealed partial class MachineLifeJson : JsonSerializerContext;
