using Lumos.Zones.Configure;
using Xunit;

namespace Lumos.Zones.Tests.Configure;

public sealed class ConfigParserTests
{
    [Fact]
    public void Words_pairs_options_and_values()
    {
        var commands = ConfigParser.Parse("create -b; set zonepath=/zones/a\nadd net;set physical = net0 ;end\nremove -F net physical=net0 global-nic=x");
        Assert.Equal([ConfigVerb.Create, ConfigVerb.Set, ConfigVerb.Add, ConfigVerb.Set, ConfigVerb.End, ConfigVerb.Remove], commands.Select(c => c.Verb));
        Assert.Equal([1, 1, 2, 2, 2, 3], commands.Select(c => c.Line));
        Assert.True(commands[0].Has('b'));
        Assert.Equal(("zonepath", new ConfigValue.Simple("/zones/a")), (commands[1].Pairs[0].Key, commands[1].Pairs[0].Value));
        Assert.Equal(new ConfigValue.Simple("net0"), commands[3].Pairs[0].Value);
        Assert.True(commands[5].Has('F'));
        Assert.Equal(["physical", "global-nic"], commands[5].Pairs.Select(p => p.Key));
    }

    [Fact]
    public void Lists_and_complex_values()
    {
        var list = (ConfigValue.Many)ConfigParser.Parse("add options [ro, nodevices,\"x=1\"]")[0].Operands[1];
        Assert.Equal(["ro", "nodevices", "x=1"], list.Items.Cast<ConfigValue.Simple>().Select(s => s.Text));
        var complex = (ConfigValue.Complex)ConfigParser.Parse("add value (priv=privileged,limit=300,action=none)")[0].Operands[1];
        Assert.Equal("300", ResourceDraft.Field(complex, "limit"));
        Assert.Empty(((ConfigValue.Many)ConfigParser.Parse("set x=[]")[0].Pairs[0].Value).Items);
    }

    [Fact]
    public void Commas_are_signs_within_brackets_alone() =>
        Assert.Equal(new ConfigValue.Simple("default,sys_time"), ConfigParser.Parse("set limitpriv=default,sys_time")[0].Pairs[0].Value);

    [Fact]
    public void Options_with_a_value()
    {
        Assert.Equal("web", ConfigParser.Parse("create -F -t web")[0].Option('t'));
        Assert.Equal("web", ConfigParser.Parse("create -Ftweb")[0].Option('t'));
        Assert.Equal("/tmp/x", ConfigParser.Parse("export -f /tmp/x")[0].Option('f'));
    }

    [Fact]
    public void Comments_and_empty_commands_are_nothing() =>
        Assert.Equal(ConfigVerb.Verify, Assert.Single(ConfigParser.Parse("# a = ( b\n;;\n  # more \"\n verify ; ")).Verb);

    [Theory]
    [InlineData("set a=\"b c\"", "b c")]
    [InlineData("set a=\"say \"\"hi\"\"\"", "say \"hi\"")]
    [InlineData("set a=\"two\nlines\"", "two\nlines")]
    [InlineData("set a=\"\"", "")]
    public void Quotation_marks(string text, string value) =>
        Assert.Equal(value, ((ConfigValue.Simple)ConfigParser.Parse(text)[0].Pairs[0].Value).Text);

    [Theory]
    [InlineData("fly away", 1, "syntax error at 'fly'")]
    [InlineData("verify\nset a=\nverify", 2, "syntax error at '\\n'")]
    [InlineData("verify\n\nset a=\"b", 3, "a quotation mark is not closed")]
    [InlineData("add value (priv=a", 1, "syntax error at '\\n'")]
    [InlineData("add value (priv=a;", 1, "syntax error at ';'")]
    [InlineData("add options [a b]", 1, "syntax error at 'b'")]
    [InlineData("add value (a=1,a=2)", 1, "\"a\" is given twice in one value")]
    [InlineData("create -t", 1, "syntax error at '\\n'")]
    [InlineData("Verify", 1, "syntax error at 'Verify'")]
    [InlineData("=", 1, "syntax error at '='")]
    public void What_is_not_the_language_is_refused_with_its_line(string text, int line, string what)
    {
        var error = Assert.Throws<ConfigSyntaxException>(() => ConfigParser.Parse(text));
        Assert.Equal((line, what), (error.Line, error.Message));
    }

    [Fact]
    public void Whatever_is_quoted_reads_back()
    {
        var random = new Random(4711);
        const string Alphabet = "ab1 \t;=[](),\"#-/._é\n";
        for (int i = 0; i < 2000; i++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(8)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            string quoted = ConfigLexer.Quote(text);
            Assert.Equal(text, ((ConfigValue.Simple)ConfigParser.Parse($"set a={quoted}")[0].Pairs[0].Value).Text);
            Assert.Equal(text, ((ConfigValue.Simple)((ConfigValue.Many)ConfigParser.Parse($"add o [{quoted},x]")[0].Operands[1]).Items[0]).Text);
        }
    }
}
