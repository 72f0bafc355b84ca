using Lumos.Vm.Properties;

namespace Lumos.Vm.Applets;

/// <summary>The texts of <c>vmadm help</c>.</summary>
internal static class VmadmUsage
{
    internal const string Text = """
        Usage: vmadm <command> [options]

        create [--strict] [-f <filename>]
        console <uuid>
        delete <uuid>
        get <uuid>
        help [property]
        kill [-s SIGNAL|-SIGNAL] <uuid>
        list [-p] [-H] [-o field,...] [-s field,...] [field=value ...]
        lookup [-j|-1] [-o field,...] [field=value ...]
        reboot <uuid> [-F]
        start <uuid>
        stop <uuid> [-F]
        update [--strict] <uuid> [-f <filename>]
         -or- update [--strict] <uuid> property=value [property=value ...]
        validate create [-f <filename>]
        validate update <brand> [-f <filename>]

        Not yet in this release: create-snapshot, delete-snapshot, rollback-snapshot,
        events, info, install, receive, reprovision, send, sysrq.

        For more detailed information on the use of this command, type 'man vmadm'.
        """;

    /// <summary>The commands that later releases have.</summary>
    internal static readonly string[] NotYet =
    [
        "create-snapshot", "delete-snapshot", "rollback-snapshot", "events", "info", "install", "receive", "recv", "reprovision",
        "send", "sysrq",
    ];

    /// <summary>What the table says of a property; null: unknown.</summary>
    internal static string? Describe(string name)
    {
        if (PropertyTable.Find(name) is not { } row)
        {
            return null;
        }
        var brands = BrandTable.Names.Where(n => BrandTable.TryParse(n, out var b) && (row.Brands & b) != 0);
        string when = row.Ops == PropertyOps.None ? "shown only" : row.Ops.ToString().ToLowerInvariant();
        string status = row.Status switch
        {
            PropertyStatus.AcceptedNotYet => "not acted on yet: only its default is accepted",
            PropertyStatus.Ignored => "ignored",
            _ => "",
        };
        return $"{row.Name}: {row.Meaning}\n  type     {row.Type.ToString().ToLowerInvariant()}\n  brands   {string.Join(", ", brands)}\n"
            + $"  given at {when}\n" + (row.Default is { } normal ? $"  default  {normal}\n" : "")
            + (status.Length > 0 ? $"  status   {status}\n" : "");
    }
}
