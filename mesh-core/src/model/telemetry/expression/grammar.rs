//! From a text to the parts of an expression.

use super::{
    InvalidExpression, attribute, evaluate,
    node::{Comparison, Constant, Node, Operator, Place, Type},
};
use crate::model::matching::search;
use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, ListExpr, LiteralValue, SelectExpr, operators},
    parser::{ParseErrors, Parser},
};
use std::thread;

/// How deep parentheses, brackets and calls may be within one another.
const DEEPEST: u16 = 24;
/// How deep the parts may be within one another: each needs some of the stack when it is evaluated.
const MOST_LEVELS: usize = 64;
/// After how many mistakes no more are looked for.
const MOST_MISTAKES: u32 = 4;

/// The stack to read an expression on, in bytes. One at its bounds takes half of it where nothing is optimised, and more
/// than a thread of the runtime has.
const STACK: usize = 16 << 20;

/// What is read: the expression, and what of it is not known.
type Read = Result<(Node, Vec<Box<str>>), InvalidExpression>;

/// Reads a text of bounded length, on a stack of its own. It is done once, when a document is read.
pub(super) fn read(source: &str) -> Read {
    thread::scope(|scope| {
        let reading = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || read_here(source));
        let reading = reading.map_err(|error| InvalidExpression(format!("cannot be read now: {error}")))?;
        reading.join().unwrap_or_else(|_| Err(InvalidExpression("must be a valid CEL expression".into())))
    })
}

fn read_here(source: &str) -> Read {
    let parser = Parser::new().max_recursion_depth(DEEPEST).error_recovery_limit(MOST_MISTAKES);
    let parsed = parser.parse(source).map_err(|errors| InvalidExpression(first(&errors)))?;
    let mut reader = Reader::default();
    let root = reader.node(&parsed, 0)?;
    Ok((root, reader.unknown))
}

/// The first mistake, with its line and column in the expression.
fn first(errors: &ParseErrors) -> String {
    let Some(error) = errors.errors.first() else { return "must be a valid CEL expression".to_owned() };
    if error.msg.contains("Recursion limit") {
        return too_deep();
    }
    let (line, column) = error.pos;
    let what = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
    // What else could stand there is everything.
    let what = what.split(" expecting {").next().unwrap_or(what);
    format!("must be a valid CEL expression, {line}:{column}: {what}")
}

fn too_deep() -> String {
    "must be a valid CEL expression, this one is nested too deeply".to_owned()
}

#[derive(Default)]
struct Reader {
    unknown: Vec<Box<str>>,
}

impl Reader {
    fn node(&mut self, from: &IdedExpr, depth: usize) -> Result<Node, InvalidExpression> {
        if depth > MOST_LEVELS {
            return Err(InvalidExpression(too_deep()));
        }
        if let Some(node) = attribute_of(&from.expr) {
            return Ok(node);
        }
        match &from.expr {
            Expr::Literal(literal) => Ok(self.constant(literal)),
            Expr::Ident(name) => Ok(self.unknown(name)),
            Expr::Select(select) => self.select(select, depth + 1),
            Expr::Call(call) => self.call(call, depth + 1),
            Expr::List(_) => Ok(self.unknown("[…]")),
            Expr::Map(_) => Ok(self.unknown("{…}")),
            Expr::Struct(written) => Ok(self.unknown(&written.type_name)),
            Expr::Comprehension(_) => Ok(self.unknown("all, exists, exists_one, filter, map")),
            Expr::Unspecified => Ok(self.unknown("?")),
        }
    }

    fn unknown(&mut self, what: &str) -> Node {
        if !self.unknown.iter().any(|known| **known == *what) {
            self.unknown.push(what.into());
        }
        Node::Unknown
    }

    fn constant(&mut self, literal: &LiteralValue) -> Node {
        Node::Constant(match literal {
            LiteralValue::Null => Constant::Null,
            LiteralValue::Boolean(value) => Constant::Bool(*value.inner()),
            LiteralValue::Int(value) => Constant::Int(*value.inner()),
            LiteralValue::UInt(value) => Constant::Uint(*value.inner()),
            LiteralValue::Double(value) => Constant::Double(*value.inner()),
            LiteralValue::String(text) => Constant::Text(text.inner().into()),
            LiteralValue::Bytes(_) => return self.unknown("b'…'"),
        })
    }

    /// An element of a map whose key is written as a name; or `has` of it.
    fn select(&mut self, select: &SelectExpr, depth: usize) -> Result<Node, InvalidExpression> {
        if let Some(path) = path_of(&select.operand.expr) {
            let whole = format!("{path}.{}", select.field);
            let known = attribute::named(&whole).map(Node::Attribute);
            let Some(node) = known.or_else(|| element_of(&path, &select.field)) else {
                return Ok(self.unknown(&whole));
            };
            return Ok(if select.test { Node::IsKnown(node.into()) } else { node });
        }
        let map = self.node(&select.operand, depth)?;
        let key = Node::Constant(Constant::Text(select.field.as_str().into()));
        let node = Node::Element(Box::new([map, key]));
        Ok(if select.test { Node::IsKnown(node.into()) } else { node })
    }

    fn call(&mut self, call: &CallExpr, depth: usize) -> Result<Node, InvalidExpression> {
        let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        match (call.func_name.as_str(), &*arguments) {
            (operators::IN, [value, list]) if let Expr::List(list) = &list.expr => {
                self.among(value, list, depth)
            }
            ("matches", [text, pattern]) => match &pattern.expr {
                Expr::Literal(LiteralValue::String(pattern)) => {
                    let pattern = search(pattern.inner());
                    let pattern = pattern.map_err(|reason| InvalidExpression(reason.to_string()))?;
                    Ok(Node::Matches(self.node(text, depth)?.into(), pattern))
                }
                _ => Ok(self.unknown("matches with a pattern that is not written")),
            },
            ("duration", [text]) => match &text.expr {
                Expr::Literal(LiteralValue::String(text)) => {
                    let duration = evaluate::duration(text.inner());
                    let reason = || InvalidExpression(format!("invalid duration {:?}", text.inner()));
                    duration.map(|value| Node::Constant(Constant::Duration(value))).ok_or_else(reason)
                }
                _ => Ok(self.unknown("duration of what is not written")),
            },
            (name, [one]) => match unary(name) {
                Some(make) => Ok(make(self.node(one, depth)?.into())),
                None => Ok(self.unknown(name)),
            },
            (name, [one, other]) => match binary(name) {
                Some(make) => Ok(make(Box::new([self.node(one, depth)?, self.node(other, depth)?]))),
                None => Ok(self.unknown(name)),
            },
            (operators::CONDITIONAL, [condition, yes, no]) => {
                let parts = [self.node(condition, depth)?, self.node(yes, depth)?, self.node(no, depth)?];
                Ok(Node::Choice(Box::new(parts)))
            }
            (name, _) => Ok(self.unknown(name)),
        }
    }

    fn among(&mut self, value: &IdedExpr, list: &ListExpr, depth: usize) -> Result<Node, InvalidExpression> {
        let value = self.node(value, depth)?;
        let list = list.elements.iter().map(|element| self.node(element, depth));
        Ok(Node::Among(value.into(), list.collect::<Result<_, _>>()?))
    }
}

/// The attribute that an expression is the name of, or the element of one.
fn attribute_of(expr: &Expr) -> Option<Node> {
    let path = path_of(expr)?;
    let (parent, last) = path.rsplit_once('.')?;
    if last == "value"
        && let Some((labels, label)) = parent.rsplit_once(".labels.")
    {
        // Istio's older form, in which a label is an object of its own.
        return element_of(&format!("{labels}.labels"), label);
    }
    attribute::named(&path).map(Node::Attribute)
}

fn element_of(map: &str, key: &str) -> Option<Node> {
    let map = Node::Attribute(attribute::named(map)?);
    Some(Node::Element(Box::new([map, Node::Constant(Constant::Text(key.into()))])))
}

/// `a.b.c`, which may be written `a['b'].c`.
fn path_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Ident(name) => Some(name.trim_start_matches('.').to_owned()),
        Expr::Select(select) if !select.test => {
            Some(format!("{}.{}", path_of(&select.operand.expr)?, select.field))
        }
        Expr::Call(call) if call.func_name == operators::INDEX => match &*call.args {
            [of, key] if let Expr::Literal(LiteralValue::String(key)) = &key.expr => {
                Some(format!("{}.{}", path_of(&of.expr)?, key.inner()))
            }
            _ => None,
        },
        _ => None,
    }
}

fn unary(name: &str) -> Option<fn(Box<Node>) -> Node> {
    Some(match name {
        operators::LOGICAL_NOT => Node::Not,
        operators::NEGATE => Node::Negative,
        "size" => Node::Size,
        "string" => |node| Node::Convert(Type::Text, node),
        "int" => |node| Node::Convert(Type::Int, node),
        "uint" => |node| Node::Convert(Type::Uint, node),
        "double" => |node| Node::Convert(Type::Double, node),
        _ => return None,
    })
}

/// Makes an operation of its two parts.
type Binary = fn(Box<[Node; 2]>) -> Node;

fn binary(name: &str) -> Option<Binary> {
    Some(match name {
        operators::LOGICAL_AND => Node::Both,
        operators::LOGICAL_OR => Node::Either,
        operators::INDEX => Node::Element,
        operators::IN => Node::IsKey,
        operators::EQUALS => |parts| Node::Compare(Comparison::Equal, parts),
        operators::NOT_EQUALS => |parts| Node::Compare(Comparison::Unequal, parts),
        operators::LESS => |parts| Node::Compare(Comparison::Less, parts),
        operators::LESS_EQUALS => |parts| Node::Compare(Comparison::AtMost, parts),
        operators::GREATER => |parts| Node::Compare(Comparison::Greater, parts),
        operators::GREATER_EQUALS => |parts| Node::Compare(Comparison::AtLeast, parts),
        operators::ADD => |parts| Node::Arithmetic(Operator::Add, parts),
        operators::SUBSTRACT => |parts| Node::Arithmetic(Operator::Subtract, parts),
        operators::MULTIPLY => |parts| Node::Arithmetic(Operator::Multiply, parts),
        operators::DIVIDE => |parts| Node::Arithmetic(Operator::Divide, parts),
        operators::MODULO => |parts| Node::Arithmetic(Operator::Remainder, parts),
        "startsWith" => |parts| Node::Within(Place::Start, parts),
        "endsWith" => |parts| Node::Within(Place::End, parts),
        "contains" => |parts| Node::Within(Place::Anywhere, parts),
        _ => return None,
    })
}
