using Lumos.Cli;
using Lumos.Vm.List;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm list: VMs as a table.</summary>
internal static class ListVerb
{
    internal static Verb Verb { get; } = new("list", ["list [-p] [-H] [-o field,...] [-s field,...] [field=value ...]"], parser => parser
        .Flag('p', "parsable").Flag('H').Flag('h', "header").Value('o', "order").Value('s', "sortby"), Run);

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        bool parsable = args.Has('p');
        bool header = args.Has('h') || (!parsable && !args.Has('H'));
        var filters = VmFilter.Parse(args.Operands, "filter", vmadm.LeaveOut);
        var table = VmTable.Create(args.Get('o') ?? VmTable.DefaultColumns, args.Get('s') ?? VmTable.DefaultSort, parsable, header);
        vmadm.Out.Write(table.Render(Listing.Matching(vmadm, filters, table.Sources)));
        return ExitStatus.Success;
    }
}
