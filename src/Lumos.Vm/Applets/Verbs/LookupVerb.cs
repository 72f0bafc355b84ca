using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.List;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm lookup: UUIDs, or whole objects, of the VMs that filters name.</summary>
internal static class LookupVerb
{
    internal static Verb Verb { get; } = new("lookup", ["lookup [-j|-1] [-o field,...] [field=value ...]"], parser => parser
        .Flag('j', "json").Flag('1', "unique").Value('o', "output"), Run);

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        if (args.Has('o') && !args.Has('j'))
        {
            throw new LumosException("BadOptions", "Cannot specify -o without -j");
        }
        string[]? fields = args.Get('o')?.Split(',');
        if (fields?.FirstOrDefault(field => !VmFields.IsShown(field)) is { } unknown)
        {
            throw new LumosException("InvalidField", $"invalid output field: {(unknown.Length > 0 ? unknown : "\"\"")}");
        }
        bool snapshots = args.Has('j') && fields?.Contains("snapshots") != false;
        IEnumerable<string>? sources = !args.Has('j') ? ["uuid"] : fields is null ? null : VmFields.Sources(fields.Append("uuid"));
        var found = Listing.Matching(vmadm, VmFilter.Parse(args.Operands, "lookup", vmadm.LeaveOut), sources, snapshots)
            .OrderBy(vm => JsonText.Plain(vm["uuid"]), StringComparer.Ordinal).ToList();
        if (args.Has('1') && found.Count != 1)
        {
            throw new LumosException("NotUnique", $"Requested unique lookup but found {found.Count} results.");
        }
        if (!args.Has('j'))
        {
            foreach (var vm in found)
            {
                vmadm.Out.WriteLine(JsonText.Plain(vm["uuid"]));
            }
            return ExitStatus.Success;
        }
        var array = new JsonArray();
        foreach (var vm in found)
        {
            array.Add((JsonNode)(fields is null ? VmFields.ForListing(vm) : Only(vm, fields)));
        }
        vmadm.Out.WriteLine(JsonText.Pretty(array));
        return ExitStatus.Success;
    }

    private static JsonObject Only(JsonObject vm, string[] fields)
    {
        var result = new JsonObject();
        foreach (string field in fields)
        {
            if (VmFields.Listed(vm, field) is { } value)
            {
                result[field] = value.DeepClone();
            }
        }
        return result;
    }
}
