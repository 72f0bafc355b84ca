using System.Text.Json.Nodes;
using Lumos.Zones;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Info;

/// <summary>One VM at one moment: its configuration and what is seen of it. Never changed; a new one takes its place.</summary>
public sealed record VmInfo
{
    private VmInfo(VmSpec spec, ZoneStatus status, DatasetFacts dataset, JsonObject shown)
    {
        Spec = spec;
        Status = status;
        Dataset = dataset;
        Object = shown;
        Line = JsonText.Line(shown);
    }

    /// <summary>The configuration, without what is only seen.</summary>
    public VmSpec Spec { get; }

    public ZoneStatus Status { get; }

    public DatasetFacts Dataset { get; }

    /// <summary>What <c>vmadm get</c> prints.</summary>
    public JsonObject Object { get; }

    /// <summary>The same as one line of UTF-8, without a line end: answers are put together from these.</summary>
    public byte[] Line { get; }

    public string Uuid => Spec.Text("uuid")!;

    public string State => JsonText.Plain(Object["state"]);

    public bool IsProvisioning => State == VmState.Provisioning;

    /// <summary>The same VM in another run-time state.</summary>
    public VmInfo With(ZoneStatus status, HostIdentity host) => Create(Spec, status, Dataset, host);

    public static VmInfo Create(VmSpec spec, ZoneStatus status, DatasetFacts dataset, HostIdentity host)
    {
        var shown = (JsonObject)spec.Properties.DeepClone();
        foreach (string internalAttr in (string[])["provisioning", "failed"])
        {
            if (!spec.Flag(internalAttr))
            {
                shown.Remove(internalAttr);
            }
        }
        shown.Remove(Receive.ReceiveMark.Name);
        shown["type"] = Properties.BrandTable.TypeOf(spec.Brand);
        shown["hvm"] = Properties.BrandTable.IsHvm(spec.Brand);
        shown["zone_state"] = status.State.Word;
        shown["state"] = VmState.Of(status.State, spec.Flag("provisioning"), spec.Flag("failed"), spec.Text(Receive.ReceiveMark.Name) is not null);
        if (status.ZoneId is { } id)
        {
            shown["zoneid"] = id;
        }
        if (status.InitPid is { } pid)
        {
            shown["pid"] = pid;
        }
        if (status.BootTime is { } boot)
        {
            shown["boot_timestamp"] = Payload.Normaliser.Timestamp(boot);
        }
        if (status.Accelerator is { } accelerator)
        {
            shown["accelerator"] = accelerator;
        }
        if (status.Machine is { } machine)
        {
            AddMachine(shown, machine, isUp: status.InitPid is not null);
        }
        if (status.ZoneId is not null)
        {
            shown["init_restarts"] = status.Restarts.Total;
        }
        if (status is { State: ZoneState.ShuttingDown, Transition: { Abandoned: false } transition })
        {
            shown["transition_to"] = transition.To == ZoneState.Running ? "start" : VmState.Stopped;
            shown["transition_expire"] = transition.Expires.ToUnixTimeMilliseconds();
        }
        if (status.Exit is { } exit)
        {
            shown["exit_status"] = exit.Shown;
            shown["exit_timestamp"] = Payload.Normaliser.Timestamp(exit.Time);
        }
        dataset.AddTo(shown, spec);
        host.AddTo(shown);
        return new VmInfo(spec, status, dataset, Payload.Normaliser.Ordered(shown));
    }

    private static void AddMachine(JsonObject shown, MachineLife machine, bool isUp)
    {
        if (isUp)
        {
            shown["run_state"] = machine.RunState;
            shown["guest_resets"] = machine.Resets;
            shown["boot_pending"] = machine.ConfigurationIsOld;
        }
        else if (machine.End is { } end)
        {
            shown["exit_reason"] = end;
        }
    }
}
