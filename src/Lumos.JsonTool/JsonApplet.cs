using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.JsonTool.Input;
using Lumos.JsonTool.Model;
using Lumos.JsonTool.Output;
using Lumos.JsonTool.Scripts;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;

namespace Lumos.JsonTool;

/// <summary>
/// json, which scripts for SmartOS pipe everything into: takes JSON from standard input or files, looks into it, changes it,
/// prints it.
/// <para>
/// Theory. The input is read as a whole, passes through the steps of its manual page in their order (headers, grouping or merging,
/// items, code, filter, keys, lookups) and is printed. Numbers, order of members and escapes are JavaScript's, so that what goes
/// through comes out as SmartOS's tool would print it. With -ga the same steps are taken for each object as it comes
/// (<see cref="ValueStream"/>). Code (-e, -c) is JavaScript and runs in an engine of its own (<see cref="ScriptEngine"/>), which
/// nothing else starts. A file is edited in place as a whole or not at all.
/// </para>
/// <para>
/// Failure: input that is not JSON is told with its place, printed as it came (so that a page of HTML in a pipe is seen), and
/// ends with status 1; so does a wrong command line, as with SmartOS's tool. Held by test/Lumos.JsonTool.Tests.
/// </para>
/// </summary>
internal sealed class JsonApplet
{
    private const string Number = "11.0.0", Project = "https://github.com/trentm/json";

    private readonly AppletContext _context;
    private readonly JsonOptions _options;
    private readonly OutputBuffer _output;
    private readonly Printer _printer;

    private JsonApplet(AppletContext context, JsonOptions options, OutputBuffer output)
    {
        _context = context;
        _options = options;
        _output = output;
        bool colours = options.Mode.Form == OutputForm.Inspect && !options.InPlace && context.OutputIsTerminal();
        _printer = new Printer(_output, options.Mode, options.Lookups, options.Delimiter, colours);
    }

    public static int Run(AppletContext context)
    {
        try
        {
            var options = JsonOptions.Parse(context.Args);
            if (options.Help)
            {
                context.Out.Write(JsonHelp.Text);
                return ExitStatus.Success;
            }
            if (options.Version)
            {
                PrintVersion(context, options);
                return ExitStatus.Success;
            }
            if (options.InPlace)
            {
                return EditInPlace(context, options);
            }
            using var output = new OutputBuffer(context.Out);
            var applet = new JsonApplet(context, options, output);
            try
            {
                return options.Streams ? applet.Stream() : applet.Whole();
            }
            finally
            {
                output.Flush();
            }
        }
        catch (LumosException e)
        {
            context.Error.WriteLine($"json: error: {LumosException.Describe(e)}");
            return ExitStatus.Failure;
        }
    }

    private bool HasCode => _options.Run.Count + _options.Keep.Count > 0;

    private int Whole()
    {
        string text = InputText.ReadAll(_options.Files, _context.OpenInput);
        int headers = HttpHeaders.Length(text);
        string body = text[headers..];
        JsonValue? value = null;
        try
        {
            value = body.Length == 0 ? null : Read(body);
        }
        catch (SyntaxFault fault)
        {
            return Refuse(new InputFault(fault, body), text);
        }
        if (_options.Validate)
        {
            return ExitStatus.Success;
        }
        if (!_options.DropHeaders)
        {
            _output.Write(text[..headers]);
        }
        value = value is null ? null : Changed(_options.Items ? Shapes.Items(value) : value);
        if (value is not null)
        {
            Print(_options.Keys ? Shapes.Keys(value) : value);
        }
        return ExitStatus.Success;
    }

    private int Stream()
    {
        using var input = InputText.Open(_options.Files, _context.OpenInput);
        // With code another thread reads, and what is printed is flushed as it comes.
        var stream = new ValueStream(input, HasCode ? () => { } : _output.Flush);
        string headers = stream.ReadHeaders();
        if (!_options.DropHeaders)
        {
            _output.Write(headers);
        }
        var values = stream.Values();
        if (_options.Items)
        {
            values = values.SelectMany(value => Shapes.Items(value).Items);
        }
        using var engine = HasCode ? StartEngine(prompt: true) : null;
        try
        {
            foreach (var value in engine?.Run(values) ?? values)
            {
                if (value is not null && _options.Keys)
                {
                    _printer.PrintTable(Shapes.Keys(value));
                }
                else if (value is not null)
                {
                    _printer.PrintRow(value);
                }
                if (HasCode)
                {
                    _output.Flush();
                }
            }
        }
        catch (InputFault fault)
        {
            return Refuse(fault, fault.Text);
        }
        return ExitStatus.Success;
    }

    private JsonValue Read(string body) =>
        _options.Group ? Adjacent.Group(Adjacent.Read(body, listsToo: true))
        : _options.Merge || _options.DeepMerge ? Adjacent.Merge(Adjacent.Read(body, listsToo: false), _options.DeepMerge)
        : JsonReader.ReadAll(body);

    /// <summary>What the code makes of a value; null: it is filtered out.</summary>
    private JsonValue? Changed(JsonValue value)
    {
        if (!HasCode)
        {
            return value;
        }
        using var engine = StartEngine(prompt: false);
        return value is JsonArray list && !_options.ListAsWhole
            ? new JsonArray([.. engine.Run(list.Items).OfType<JsonValue>()])
            : engine.Run([value]).ToList() is [var only] ? only : null;
    }

    private ScriptEngine StartEngine(bool prompt) => ScriptEngine.Start(
        new ScriptPlan(_options.Run, _options.Keep, _context.Environment("JSON_EXEC") == "vm", prompt),
        text => _output.Write(text + "\n"),
        _context.Error.WriteLine);

    private void Print(JsonValue value)
    {
        if (_options.Table)
        {
            _printer.PrintTable(value);
        }
        else
        {
            _printer.PrintWhole(value);
        }
    }

    /// <summary>Says what is wrong with the input, and shows it.</summary>
    private int Refuse(InputFault fault, string text)
    {
        if (!_options.Quiet)
        {
            string what = _options.Files is [var file] ? $"\"{file}\"" : "input";
            _context.Error.WriteLine($"json: error: {what} is not JSON: {fault.Explain()}");
        }
        if (!_options.Validate && !_options.InPlace)
        {
            _output.Write(text);
            _output.Write(text is [.., '\n'] ? "" : "\n");
        }
        return ExitStatus.Failure;
    }

    private static int EditInPlace(AppletContext context, JsonOptions options)
    {
        string file = options.Files[0];
        using var edited = new StringWriter();
        using var output = new OutputBuffer(edited);
        int status = new JsonApplet(context, options, output).Whole();
        output.Flush();
        string text = edited.ToString();
        if (status != ExitStatus.Success || options.Validate)
        {
            return status;
        }
        if (text.Length == 0)
        {
            throw new LumosException("NothingLeft", $"nothing would be left of \"{file}\"; it stays as it is");
        }
        string path = File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;
        var before = FileStatus.Of(path);
        AtomicFile.Write(path, text, before.Mode);
        using (var written = FileDescriptorIo.Open(path, OpenFlags.ReadOnly))
        {
            if (FileStatus.Of(written) is var after && (after.User, after.Group) != (before.User, before.Group))
            {
                written.SetOwner(before.User, before.Group);
            }
        }
        context.Error.WriteLine($"json: updated \"{file}\" in-place");
        return ExitStatus.Success;
    }

    private static void PrintVersion(AppletContext context, JsonOptions options)
    {
        if (options.Mode.Form != OutputForm.Json)
        {
            context.Out.WriteLine($"json {Number} (LumOS)\nafter the tool of this version by Trent Mick\n{Project}");
            return;
        }
        var version = new JsonObject();
        version.Set("version", new JsonString(Number));
        version.Set("author", new JsonString("LumOS, after Trent Mick"));
        version.Set("project", new JsonString(Project));
        context.Out.WriteLine(JsonWriter.Text(version, options.Mode.Indent));
    }
}
