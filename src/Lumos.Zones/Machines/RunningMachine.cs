using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Qemu;
using Lumos.Linux.Handles;

namespace Lumos.Zones.Machines;

/// <summary>
/// A machine that runs, as its QEMU tells of it. While somebody has one of these open, all others who want to speak with that QEMU wait: it is for a few questions.
/// </summary>
public sealed class RunningMachine : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly QmpClient _qmp;

    internal RunningMachine(QmpClient qmp) => _qmp = qmp;

    /// <exception cref="LumosException">QmpSilent: it does not run, or does not answer within ten seconds.</exception>
    public static RunningMachine Open(ZoneLayout layout, ZoneName zone) => new(QmpClient.Connect(layout.QmpSocket(zone), Patience));

    public void Dispose() => _qmp.Dispose();

    /// <summary>What QEMU answers to a question about itself (a command query-… of QMP).</summary>
    /// <exception cref="LumosException">QmpRefused, QmpSilent.</exception>
    public JsonNode? Query(string command) => _qmp.Execute(command);

    /// <summary>What the guest tells of its memory, in bytes: null where it tells nothing. Takes up to three seconds.</summary>
    /// <exception cref="LumosException">QmpRefused: it was started without a balloon; QmpSilent.</exception>
    public JsonObject AskOfMemory() => GuestMemory.Ask((command, arguments) => _qmp.Execute(command, arguments));

    /// <summary>A non-maskable interrupt for the guest's processors.</summary>
    public void InterruptUnmaskably() => _qmp.Execute("inject-nmi");

    /// <summary>Writes what is on the guest's screen, as PPM, into a file.</summary>
    public void TakePicture(FileDescriptor file)
    {
        var set = _qmp.Execute("add-fd", new JsonObject(), file)!;
        int number = (int)set["fdset-id"]!;
        try
        {
            _ = _qmp.Execute("screendump", new JsonObject { ["filename"] = $"/dev/fdset/{number}" });
        }
        finally
        {
            _ = _qmp.Execute("remove-fd", new JsonObject { ["fdset-id"] = number });
        }
    }

    /// <summary>Shows the screen to a viewer who has connected.</summary>
    /// <param name="viewer">The connection, which QEMU has to itself from here on.</param>
    /// <param name="password">At most eight characters, which is all that the protocol (RFB) knows.</param>
    public void Show(FileDescriptor viewer, string? password)
    {
        if (password is not null)
        {
            _ = _qmp.Execute("set_password", new JsonObject { ["protocol"] = "vnc", ["password"] = password, ["connected"] = "keep" });
        }
        _ = _qmp.Execute("getfd", new JsonObject { ["fdname"] = Viewer }, viewer);
        _ = _qmp.Execute("add_client", new JsonObject { ["protocol"] = "vnc", ["fdname"] = Viewer, ["skipauth"] = password is null });
    }

    private const string Viewer = "viewer";

    /// <summary>From the guest's next restart on, the firmware tries devices in their order in <paramref name="machine"/>.</summary>
    public void SetBootOrder(MachineSpec machine)
    {
        for (int n = 0; n < machine.Disks.Length; n++)
        {
            _ = _qmp.Execute("qom-set", Rank($"drive{n}", machine.BootIndexOfDisk(n)));
        }
        for (int n = 0; n < machine.Nics.Length; n++)
        {
            _ = _qmp.Execute("qom-set", Rank($"nic{n}", machine.BootIndexOfNic(n)));
        }
    }

    private static JsonObject Rank(string device, int? rank) => new() { ["path"] = $"/machine/peripheral/{device}", ["property"] = "bootindex", ["value"] = rank ?? -1 };
}
