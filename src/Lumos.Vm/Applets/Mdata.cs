using System.Buffers.Text;
using System.Text;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Metadata.Client;
using Lumos.Vm.Metadata.Protocol;

namespace Lumos.Vm.Applets;

/// <summary>mdata-get, mdata-put, mdata-delete, mdata-list: a zone's own metadata, from inside it. Exit statuses are those of SmartOS.</summary>
internal static class Mdata
{
    private const int NotFound = 1, Error = 2, Usage = 3;

    internal static int Get(AppletContext context, string? socket = null) => Run(context, socket, "KEY", 1, 1, (client, words) =>
    {
        var reply = client.Request("GET", Encoding.UTF8.GetBytes(words[0]));
        if (reply.Outcome == MetadataOutcome.Success)
        {
            Print(context, reply.Text, always: true);
        }
        return Status(context, reply, $"No metadata for '{words[0]}'", $"Error getting metadata for key '{words[0]}'");
    });

    internal static int Put(AppletContext context, string? socket = null) => Run(context, socket, "KEY [VALUE]", 1, 2, (client, words) =>
    {
        if (words.Count < 2 && context.InputIsTerminal())
        {
            context.Error.WriteLine("ERROR: give the value as the second word, or on standard input");
            return Error;
        }
        byte[] value = words.Count > 1 ? Encoding.UTF8.GetBytes(words[1]) : ReadAll(context);
        byte[] argument = Encoding.ASCII.GetBytes($"{Convert.ToBase64String(Encoding.UTF8.GetBytes(words[0]))} ");
        byte[] encoded = new byte[Base64.GetMaxEncodedToUtf8Length(value.Length)];
        Base64.EncodeToUtf8(value, encoded, out _, out int length);
        return Status(context, client.Request("PUT", [.. argument, .. encoded.AsSpan(0, length)]), $"No metadata for '{words[0]}'", $"Error putting metadata for key '{words[0]}'");
    });

    internal static int Delete(AppletContext context, string? socket = null) => Run(context, socket, "KEY", 1, 1, (client, words) =>
        Status(context, client.Request("DELETE", Encoding.UTF8.GetBytes(words[0])), $"No metadata for '{words[0]}'", $"Error deleting metadata key '{words[0]}'"));

    internal static int List(AppletContext context, string? socket = null) => Run(context, socket, "", 0, 0, (client, _) =>
    {
        var reply = client.Request("KEYS");
        if (reply.Outcome == MetadataOutcome.Success)
        {
            Print(context, reply.Text, always: false);
        }
        return Status(context, reply, "No metadata", "Error getting metadata");
    });

    private static int Run(
        AppletContext context, string? socket, string usage, int least, int most, Func<MetadataClient, IReadOnlyList<string>, int> action)
    {
        var words = context.Args is ["--", ..] ? [.. context.Args.Skip(1)] : context.Args;
        if (words.Count < least || words.Count > most || (least > 0 && words[0].Length == 0))
        {
            context.Error.WriteLine($"Usage: {context.Name} {usage}".TrimEnd());
            return Usage;
        }
        try
        {
            using var client = new MetadataClient(socket ?? MetadataClient.FindSocket())
            {
                OnWait = line => context.Error.WriteLine($"{context.Name}: {line}"),
            };
            return action(client, words);
        }
        catch (LumosException e)
        {
            context.Error.WriteLine($"{context.Name}: {LumosException.Describe(e)}");
            return Error;
        }
    }

    private static int Status(AppletContext context, MetadataReply reply, string notFound, string failed)
    {
        switch (reply.Outcome)
        {
            case MetadataOutcome.Success:
                return ExitStatus.Success;
            case MetadataOutcome.NotFound:
                context.Error.WriteLine(notFound);
                return NotFound;
            default:
                context.Error.WriteLine($"{failed}: {reply.Text}");
                return Error;
        }
    }

    /// <summary>A value as it is, with a line end behind it if it has none; of an empty one, if asked for, the line end alone.</summary>
    private static void Print(AppletContext context, string text, bool always)
    {
        using var output = context.OpenOutput();
        bool ends = text.EndsWith('\n') || (text.Length == 0 && !always);
        output.Write(Encoding.UTF8.GetBytes(ends ? text : text + "\n"));
    }

    private static byte[] ReadAll(AppletContext context)
    {
        using var input = context.OpenInput();
        using var all = new MemoryStream();
        input.CopyTo(all);
        return all.ToArray();
    }
}
